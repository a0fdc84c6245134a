/** How mail of an address is sent, as a person reads it. */
import type {EmailDiscovery} from '../email-discover.ts'
import {safeLine} from './safe-text.ts'
import type {Style} from './style.ts'
import {wrapText} from './wrap-text.ts'

const SOURCES = {
  'table-domain': "the table, by the address's domain",
  'table-mx': "the table, by the domain's",
  srv: 'DNS,',
  autoconfig: "the domain's web server,",
} as const

const SECURITY = {tls: 'TLS', starttls: 'STARTTLS'} as const

export function renderDiscovery(discovery: EmailDiscovery, style: Style): string {
  const {colour, width} = style
  const {address, candidates, forwarding, password, provider, tried} = discovery
  const section = (title: string, lines: readonly string[]) => {
    const wrapped = lines.flatMap((line) => (width === null ? [line] : wrapText(line, width)))
    return `${colour.bold(title)}\n${wrapped.map((line) => `${line}\n`).join('')}`
  }
  const servers = candidates.flatMap(({host, port, security, user, userFrom, source}) => [
    safeLine(`  ${host}:${port} ${SECURITY[security]}, user ${user ?? '(ask its owner)'}`),
    colour.dim(safeLine(`    host, port and security: ${SOURCES[source.kind]} ${source.detail}; user: ${userFrom}`)),
  ])
  const url = (link: string | undefined) => (link === undefined ? [] : [colour.dim(`  ${link}`)])
  const unchecked = forwarding.checked ? [] : ['  (From general knowledge: menus may be named differently.)']
  return [
    section(
      safeLine(`${address}: ${provider?.name ?? 'a provider that is not known'}`),
      provider === null || provider.note === null ? [] : [`  ${provider.note}`],
    ),
    ...(candidates.length === 0 ? [] : [section('SMTP servers, best first', servers)]),
    ...(password === null ? [] : [section('Password', [`  ${password.say}`, ...url(password.url)])]),
    section('To have its mail forwarded', [
      ...forwarding.steps.map((step, index) => `  ${index + 1}. ${step}`),
      ...url(forwarding.url),
      ...unchecked,
    ]),
    section(
      'What was asked',
      tried.map(({outcome}) => colour.dim(safeLine(`  ${outcome}`))),
    ),
  ].join('\n')
}
