/** Which queue and agent a new ticket goes to. */
import {chooseOwner} from '../ticket/ticket.ts'
import type {Facts, RecipientMatch, Route} from './facts.ts'

/**
 * The queue of the channel, and one of its members. What an SMTP address does not say itself is as its internal address
 * has it.
 */
export function route({channel, internal}: RecipientMatch, facts: Facts): Route {
  const queue = facts.queues.get(channel.queueId ?? internal?.queueId ?? 0)
  if (!queue) return {queueId: null, owner: null, why: 'the address has no queue'}
  const members = queue.members.flatMap((id) => facts.agents.get(id) ?? [])
  const {owner, why} = chooseOwner(members, {onlineFirst: channel.assignOnline ?? internal?.assignOnline ?? false})
  return {
    queueId: queue.id,
    owner,
    why: owner ? `queue ${queue.key}; ${owner.email} ${why}` : `queue ${queue.key}; ${why}`,
  }
}
