/** Which queue and agent a new ticket goes to. */
import {chooseOwner} from '../ticket/ticket.ts'
import type {ChannelFacts, Facts, Route} from './facts.ts'

/** The queue of the channel, and one of its members. */
export function route(channel: ChannelFacts, facts: Facts): Route {
  const queue = channel.queueId === null ? undefined : facts.queues.get(channel.queueId)
  if (!queue) return {queueId: null, owner: null, why: 'the address has no queue'}
  const members = queue.members.flatMap((id) => facts.agents.get(id) ?? [])
  const {owner, why} = chooseOwner(members, {onlineFirst: channel.assignOnline})
  return {
    queueId: queue.id,
    owner,
    why: owner ? `queue ${queue.key}; ${owner.email} ${why}` : `queue ${queue.key}; ${why}`,
  }
}
