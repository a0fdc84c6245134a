/**
 * What `doctor` looks at, in the order in which it is told. The ids are part of the contract: scripts find them in JSON.
 */

export const CHECK_GROUPS = ['program', 'files', 'store', 'secrets', 'network', 'portal'] as const
export type CheckGroup = (typeof CHECK_GROUPS)[number]

/** Each with its group, and what it looks at. */
export const CHECKS = {
  node: {group: 'program', summary: 'the version of Node, and of postdesk'},
  limits: {group: 'program', summary: 'how many files and connections may be open at once'},
  clock: {group: 'program', summary: "this machine's clock, beside the database's and the newest of the store"},
  certificates: {
    group: 'program',
    summary: 'whom this machine trusts: NODE_EXTRA_CA_CERTS, NODE_TLS_REJECT_UNAUTHORIZED',
  },
  settings: {group: 'files', summary: 'the settings of this machine can be read'},
  modes: {group: 'files', summary: 'nobody else may read or write what is kept on this machine'},
  disk: {group: 'files', summary: 'room where the data is kept'},
  store: {group: 'store', summary: 'the store can be reached and read'},
  schema: {group: 'store', summary: 'it has the schema that this program needs'},
  write: {group: 'store', summary: 'it can be written; what is tried is taken back'},
  bindings: {group: 'secrets', summary: 'the references to secrets of this machine can be read'},
  'secret-place': {
    group: 'secrets',
    summary: 'the keychain keeps a value and gives it back, or the vault can be opened and written',
  },
  resolvers: {group: 'network', summary: 'each DNS resolver of this machine answers'},
  proxy: {group: 'network', summary: 'proxies that are set, which the protocols of mail do not use'},
  outbound: {group: 'network', summary: 'a connection to every server of the portal, port by port'},
  inbound: {group: 'portal', summary: 'mail comes in'},
  addresses: {group: 'portal', summary: 'what comes for each address is taken in'},
  silence: {group: 'portal', summary: 'no address has been silent for long'},
  queues: {group: 'portal', summary: 'each queue has members, and can answer'},
  agents: {group: 'portal', summary: 'somebody is there to answer'},
  passwords: {group: 'portal', summary: 'this machine finds the password of every account'},
  logins: {group: 'portal', summary: 'every login was seen to succeed'},
  forwarding: {group: 'portal', summary: 'every forwarding was seen to work'},
  accounts: {group: 'portal', summary: 'no account that mail leaves by is failing or paused'},
  outbox: {group: 'portal', summary: 'what is to leave leaves, and arrives'},
  'auto-replies': {group: 'portal', summary: 'automatic replies can leave'},
  quarantine: {group: 'portal', summary: 'nothing waits in the quarantine for somebody to look'},
} as const satisfies Readonly<Record<string, {readonly group: CheckGroup; readonly summary: string}>>

export type CheckId = keyof typeof CHECKS

export const CHECK_IDS = Object.keys(CHECKS) as readonly CheckId[]
