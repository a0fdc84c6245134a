/** How the owner of an address sets its forward up, at whoever has its mailbox. */
import {forwardingTo, providerOfDomain, providerOfHost, providerOfMx} from '../discovery/providers.ts'
import type {Query} from '../dns/resolver.ts'
import type {Fix} from '../errors.ts'

export interface ForwardingHelp {
  /** In order, as ways to mend a forward. */
  readonly steps: readonly Fix[]
  /** The provider first sends a mail to the target, and forwards nothing until it is confirmed. */
  readonly confirms: boolean
}

/**
 * By the domain of the address, else by its MX, else by the host that its mail leaves by: who sends for a domain need not have
 * its mailboxes. Never rejects: a DNS that fails costs the better guess.
 */
export async function forwardingOf(
  {address, host, target}: {readonly address: string; readonly host: string; readonly target: string},
  query: Query,
  signal: AbortSignal,
): Promise<ForwardingHelp> {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase()
  const mx = providerOfDomain(domain) === null ? await query(domain, 'MX', signal).catch(() => []) : []
  const hosts = [...mx].sort((a, b) => a.priority - b.priority).map(({exchange}) => exchange)
  const provider = providerOfDomain(domain) ?? providerOfMx(hosts) ?? providerOfHost(host)
  const {steps, url, confirms, checked} = forwardingTo(target, provider)
  const known = provider?.forwarding ? ` at ${provider.name}` : ''
  const doubt = checked ? '' : ' (menus may be named differently)'
  return {
    confirms,
    steps: [
      {text: `Set the forward up${known}${doubt}${url === undefined ? '' : `, see ${url}`}:`},
      ...steps.map((step, index) => ({text: `${index + 1}. ${step}`})),
    ],
  }
}
