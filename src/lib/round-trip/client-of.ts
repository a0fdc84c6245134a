/** Who handed a mail over to a server of ours, by the trace fields that our servers wrote: pure. */
import type {SmtpClient} from '../authentication/check-spf.ts'
import type {Envelope} from '../channel/delivery.ts'
import {fieldValue} from '../message/header.ts'
import type {Field} from '../message/message.ts'
import {readHops} from '../message/received.ts'

/** Names and domains of servers that are ours. */
export type OwnServers = readonly string[]

/**
 * The client of the first of our servers: the lowest of those fields, from the topmost down, that name a server of ours. What
 * stands below was written by others. Null where the topmost is not ours, or tells no address. `envelope`: of a mail that an
 * MTA of ours has handed in, which wrote the topmost then; null for a mail of a mailbox.
 */
export function clientOf(fields: readonly Field[], envelope: Envelope | null, own: OwnServers): SmtpClient | null {
  const topmost = readHops(fields).toReversed()
  const first = topmost.findIndex(({by}, index) => !isOurs(by, own) && !(index === 0 && envelope !== null))
  const border = topmost[(first === -1 ? topmost.length : first) - 1]
  if (border?.ip == null) return null
  const path = fieldValue(fields, 'return-path') ?? ''
  const sender = envelope?.sender === undefined ? path.replace(/^<|>$/g, '').trim() : (envelope.sender ?? '')
  return {ip: border.ip, helo: border.from, sender}
}

const isOurs = (host: string | null, own: OwnServers): boolean => {
  const name = host?.toLowerCase().replace(/\.$/, '')
  return name !== undefined && own.some((ours) => name === ours || name.endsWith(`.${ours}`))
}
