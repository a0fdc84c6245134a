/** Which DNS resolver is asked, as the environment says it. */
import {isIP} from 'node:net'
import type {ResolverAddress} from '../dns/resolver.ts'
import {invalidValue} from '../errors.ts'

/** `192.0.2.1:53`, `[2001:db8::1]:53`, `localhost:5353`. */
const HOST_AND_PORT = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/

/**
 * POSTDESK_RESOLVER; null where it is not set, for the system's resolvers. Only an address, since a resolver by name would
 * need one first. @throws 64 for what is none.
 */
export function resolverAddress(env: NodeJS.ProcessEnv): ResolverAddress | null {
  const text = env['POSTDESK_RESOLVER']
  if (text === undefined || text === '') return null
  const [, six, other, digits] = HOST_AND_PORT.exec(text) ?? []
  const host = six ?? (other === 'localhost' ? '127.0.0.1' : (other ?? ''))
  const port = Number(digits)
  if (isIP(host) !== (six === undefined ? 4 : 6) || !(port >= 1 && port <= 65_535))
    throw invalidValue(
      `POSTDESK_RESOLVER ${JSON.stringify(text)}`,
      'use an IP address and a port, such as 192.0.2.1:53 or [2001:db8::1]:53',
    )
  return {host, port}
}
