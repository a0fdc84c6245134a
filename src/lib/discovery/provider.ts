/** What is known of a mail provider: how one sends through it, which password it takes, how its mail is forwarded. */

/** TLS from the first byte (RFC 8314 3.3), or after STARTTLS (RFC 3207). Without TLS nothing is ever proposed. */
export type Security = 'tls' | 'starttls'

/** Where mail is handed in. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  readonly security: Security
}

/** The name one logs in with; `ask` where only the owner knows it. */
export type UserForm = 'address' | 'local-part' | 'ask' | {readonly fixed: string}

/** Which password the server takes. */
export interface PasswordPolicy {
  /**
   * `account`: the one of the web mail. `app-password`: one made for programs. `api-key`: one of a sending service.
   * `none`: no password at all.
   */
  readonly kind: 'account' | 'app-password' | 'api-key' | 'none'
  /** One sentence: what is needed, and where it is made. */
  readonly say: string
  /** The page where it is made, or explained. */
  readonly url?: string
}

/** How the owner of a mailbox has its mail forwarded. */
export interface Forwarding {
  /** In order. `{target}` stands for the address to forward to. */
  readonly steps: readonly string[]
  readonly url?: string
  /** The provider first sends a mail to the target, and forwards nothing until it is confirmed. */
  readonly confirms: boolean
  /** False where the steps are from general knowledge: menus may be named differently. */
  readonly checked: boolean
}

export interface Provider {
  readonly id: string
  readonly name: string
  /** Mail domains of its own, exact and in lower case. */
  readonly domains: readonly string[]
  /** True where anybody can have an address in these domains: they say nothing of who the owner works for. */
  readonly consumer: boolean
  /** A domain whose MX is one of these hosts, or below one, has its mailboxes here. */
  readonly mx: readonly string[]
  /** Best first. Empty where it depends on the account, or where there is no service for programs. */
  readonly smtp: readonly Endpoint[]
  /** Further hosts of the same service, such as those of its regions. */
  readonly hostPattern?: RegExp
  readonly user: UserForm
  readonly password: PasswordPolicy
  /** Consent in a browser, which postdesk can ask for instead of a password. */
  readonly consent?: 'gmail' | 'microsoft'
  /** What else its user must know. */
  readonly note?: string
  /** Null for services that only send: there is no mailbox to forward from. */
  readonly forwarding: Forwarding | null
  /** Connections at once that are documented as allowed. */
  readonly maxConnections?: number
  /** Where the settings were read. */
  readonly source: string
  /** False where hosts, user or password are from general knowledge. */
  readonly checked: boolean
}
