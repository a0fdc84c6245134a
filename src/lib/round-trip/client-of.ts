/** Who handed a mail over to a server of ours, by the trace fields that our servers wrote: pure. */
import type {SmtpClient} from '../authentication/check-spf.ts'
import {fieldValue} from '../message/header.ts'
import type {Field} from '../message/message.ts'
import {readHops} from '../message/received.ts'

/** Names and domains of servers that are ours. */
export type OwnServers = readonly string[]

/**
 * The client of the first of our servers: the lowest of those fields, from the topmost down, that name a server of ours. What
 * stands below was written by others. Null where the topmost is not ours, or tells no address.
 */
export function clientOf(fields: readonly Field[], own: OwnServers): SmtpClient | null {
  const topmost = readHops(fields).toReversed()
  const first = topmost.findIndex(({by}) => !isOurs(by, own))
  const border = topmost[(first === -1 ? topmost.length : first) - 1]
  if (border?.ip == null) return null
  const path = fieldValue(fields, 'return-path') ?? ''
  return {ip: border.ip, helo: border.from, sender: path.replace(/^<|>$/g, '').trim()}
}

const isOurs = (host: string | null, own: OwnServers): boolean => {
  const name = host?.toLowerCase().replace(/\.$/, '')
  return name !== undefined && own.some((ours) => name === ours || name.endsWith(`.${ours}`))
}
