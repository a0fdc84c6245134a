/** Who owns a ticket that has an owner already, when that is asked anew. */
import {chooseOwner, type AgentLoad, type OwnerChoice} from './ticket.ts'

/** A ticket as far as the choice of its owner goes. */
export interface OwnedTicket {
  /** Null for nobody. */
  readonly ownerId: number | null
  /** True where it counts among the open tickets of its owner. */
  readonly open: boolean
}

/**
 * Chooses among the members by the rule for new tickets, as if the ticket had no owner. Among equals its owner stays, so
 * that asking twice changes nothing.
 */
export function chooseAgain(
  members: readonly AgentLoad[],
  ticket: OwnedTicket,
  options: {readonly onlineFirst: boolean},
): OwnerChoice {
  const without = members.map((member) =>
    member.id === ticket.ownerId
      ? {...member, openTickets: member.openTickets - (ticket.open ? 1 : 0), lastAssignedAt: null}
      : member,
  )
  return chooseOwner(without, options)
}

/** After a move to another queue its owner stays if a member there, else one of its members is chosen. */
export function ownerAfterMove(
  members: readonly AgentLoad[],
  ticket: OwnedTicket,
  options: {readonly onlineFirst: boolean},
): OwnerChoice {
  const owner = members.find(({id}) => id === ticket.ownerId)
  return owner ? {owner, why: 'is a member of the new queue too'} : chooseAgain(members, ticket, options)
}
