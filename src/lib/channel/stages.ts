/**
 * The stages of a diagnosis, in the order in which they are climbed. The ids are part of the contract: scripts name them
 * in `--only` and `--until`, and find them in JSON and JUnit.
 */

export const STAGE_GROUPS = [
  'config',
  'dns',
  'domain',
  'connection',
  'login',
  'smtp',
  'imap',
  'relay',
  'internal',
  'roundtrip',
] as const
export type StageGroup = (typeof STAGE_GROUPS)[number]

/** Each with its group, and what it looks at. */
export const STAGES = {
  config: {group: 'config', summary: 'the settings are complete, and this machine finds the password'},
  password: {group: 'config', summary: 'the password looks like one that the provider gives out'},
  dns: {group: 'dns', summary: 'the addresses of the server (A, AAAA)'},
  srv: {group: 'dns', summary: 'the servers that the domain names itself (RFC 6186, RFC 8314)'},
  mx: {group: 'dns', summary: 'the domain of the address takes mail (MX)'},
  spf: {group: 'domain', summary: 'SPF of the domain, and whether it covers the server'},
  dkim: {group: 'domain', summary: 'DKIM keys of the domain'},
  dmarc: {group: 'domain', summary: 'DMARC of the domain (RFC 9989)'},
  'mta-sts': {group: 'domain', summary: 'MTA-STS of the domain'},
  'tls-rpt': {group: 'domain', summary: 'TLS reporting of the domain'},
  tcp: {group: 'connection', summary: 'a connection to every address of the server'},
  'tls-mode': {group: 'connection', summary: 'the port speaks as configured: TLS at once, STARTTLS, or in clear'},
  greeting: {group: 'connection', summary: 'the first words of the server'},
  starttls: {group: 'connection', summary: 'STARTTLS is offered, and taken'},
  tls: {group: 'connection', summary: 'version, chain, names and expiry of TLS'},
  capabilities: {group: 'connection', summary: 'what the server offers, before and after TLS'},
  mechanism: {group: 'login', summary: 'a way to log in that both sides have'},
  login: {group: 'login', summary: 'the login itself, tried once'},
  sender: {group: 'smtp', summary: 'the login may send as the address'},
  recipient: {group: 'smtp', summary: 'the server takes a recipient'},
  size: {group: 'smtp', summary: 'the size of mail that the server takes'},
  message: {group: 'smtp', summary: 'a message is taken (only with --send)'},
  'null-sender': {group: 'relay', summary: 'the relay takes the null return path of automatic replies'},
  'internal-sender': {group: 'relay', summary: 'the relay takes an internal address as the sender'},
  mailbox: {group: 'imap', summary: 'the mailbox opens'},
  messages: {group: 'imap', summary: 'the numbers of the mailbox, and a message of it'},
  maildir: {group: 'internal', summary: 'the Maildir can be read'},
  inbound: {group: 'internal', summary: "the portal's mail comes in by something"},
  intake: {group: 'internal', summary: 'what becomes of a mail to the address'},
  'probe-sent': {group: 'roundtrip', summary: 'a probe leaves by the address (only with --roundtrip)'},
  'probe-arrived': {group: 'roundtrip', summary: 'it comes back at the internal address'},
  'probe-from': {group: 'roundtrip', summary: 'its From is the one that it was sent with'},
  'probe-authentication': {group: 'roundtrip', summary: 'SPF, DKIM and DMARC as they were seen on arrival'},
  'plus-addressing': {group: 'roundtrip', summary: 'a probe to local+detail@ arrives, too'},
  'message-id': {group: 'roundtrip', summary: 'the Message-ID survives'},
} as const satisfies Readonly<Record<string, {readonly group: StageGroup; readonly summary: string}>>

export type StageId = keyof typeof STAGES

export const STAGE_IDS = Object.keys(STAGES) as readonly StageId[]
