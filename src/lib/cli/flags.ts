/** Flags that every command has, and families of flags that several have. */
import {Flags, type Interfaces} from '@oclif/core'
import {SECURITIES} from '../server-settings.ts'

const group = 'GLOBAL'

export const globalFlags = {
  portal: Flags.string({helpGroup: group, helpValue: 'KEY', summary: 'The portal to work on.', env: 'POSTDESK_PORTAL'}),
  store: Flags.string({helpGroup: group, helpValue: 'URL', summary: 'sqlite:PATH or postgres://USER@HOST/DATABASE.'}),
  'store-password-file': Flags.string({
    helpGroup: group,
    helpValue: 'PATH',
    summary: 'File with the password of a PostgreSQL store.',
    exclusive: ['store-password-env'],
  }),
  'store-password-env': Flags.string({
    helpGroup: group,
    helpValue: 'VAR',
    summary: 'Variable with the password of a PostgreSQL store.',
  }),
  'secret-store': Flags.string({
    helpGroup: group,
    summary: 'Where this machine keeps secrets.',
    options: ['keychain', 'vault'],
    env: 'POSTDESK_SECRET_STORE',
  }),
  json: Flags.boolean({helpGroup: group, summary: 'Print one JSON object.'}),
  input: Flags.boolean({
    helpGroup: group,
    summary: 'Ask for what is missing (default on a terminal).',
    allowNo: true,
    default: true,
  }),
  yes: Flags.boolean({helpGroup: group, summary: 'Answer ordinary questions with yes.'}),
  quiet: Flags.boolean({helpGroup: group, summary: 'No progress, hints or warnings on standard error.'}),
  debug: Flags.boolean({
    helpGroup: group,
    summary: 'Log what is done to standard error, without secrets.',
    env: 'POSTDESK_DEBUG',
  }),
  color: Flags.boolean({helpGroup: group, summary: 'Colour (default on a terminal).', allowNo: true, default: true}),
}

/** Most items that can be asked for at once: no store has as many, and each database takes the number as it is. */
export const MOST_ITEMS = 1_000_000_000

/** `add` of every noun: a script may run twice. */
export const ifNotExists = {
  'if-not-exists': Flags.boolean({summary: 'Succeed without a change when it exists with the same fields.'}),
}

/** What a portal is told; `add` and `update` alike. */
export const portalFlags = {
  domain: Flags.string({summary: 'Domain of its internal addresses.'}),
  name: Flags.string({summary: 'Name that customers read; default: the key.'}),
  timezone: Flags.string({summary: 'IANA time zone in which times are shown; default: UTC.'}),
  locale: Flags.string({summary: 'Language tag; default: en.'}),
  'max-message-size': Flags.integer({
    helpValue: 'BYTES',
    summary: 'A larger mail is quarantined with its header alone; default: 150 MB.',
  }),
}

/** What a queue is told; `add` and `update` alike. */
export const queueFlags = {
  name: Flags.string({summary: 'Name that agents read; default: the key.'}),
  member: Flags.string({
    helpValue: 'AGENT…',
    summary: 'Email of an agent who gets its tickets; several may follow.',
    multiple: true,
  }),
  sender: Flags.string({
    helpValue: 'ADDRESS',
    summary: "Address that its answers leave by where the ticket's own cannot send.",
  }),
  closed: Flags.string({
    helpValue: 'reopen|new|new-after=DAYS',
    summary: 'What a new mail does to a closed ticket; default: reopen.',
  }),
}

/** What an address of any kind is told; `add` and `update` alike. Not given is neither yes nor no. */
export const addressFlags = {
  name: Flags.string({helpValue: 'FULLNAME', summary: 'Display name.'}),
  queue: Flags.string({helpValue: 'KEY', summary: 'Queue that every new ticket goes to; default: the only one.'}),
  'assign-online': Flags.boolean<boolean | undefined>({
    summary: 'Give tickets first to agents who are online.',
    allowNo: true,
  }),
  'auto-reply': Flags.boolean<boolean | undefined>({
    summary: 'Answer the customer who wrote automatically.',
    allowNo: true,
  }),
  'auto-reply-subject': Flags.string({helpValue: 'S', summary: 'Subject of the automatic reply.'}),
  'auto-reply-body': Flags.string({
    helpValue: 'S',
    summary: 'Text of the automatic reply.',
    exclusive: ['auto-reply-body-file'],
  }),
  'auto-reply-body-file': Flags.string({helpValue: 'PATH', summary: 'File with the text of the automatic reply.'}),
}

/** What an SMTP address is told beside that and its server; `add` and `update` alike. */
export const forwardingFlags = {
  'forwards-to': Flags.string({
    helpValue: 'INTERNAL',
    summary: 'Internal address that its owner has its mail forwarded to; without one it only sends.',
  }),
  'accept-discovered': Flags.boolean({
    helpGroup: 'CONNECTION',
    summary: 'Use the server that the domain publishes itself, where the bundled table knows none.',
  }),
}

/** The name once more, for what cannot be undone. */
export const confirmFlag = (helpValue: string) => ({
  confirm: Flags.string({helpValue, summary: `${helpValue} once more: this cannot be undone.`}),
})

/** How a server that takes mail is reached, and who we are to it: for an SMTP address and for the relay. */
export const smtpServerFlags = {
  host: Flags.string({helpGroup: 'CONNECTION', summary: 'Name or address of the server.'}),
  port: Flags.integer({
    helpGroup: 'CONNECTION',
    summary: 'Default: what is known of the server, else 465, without TLS from the first byte 587.',
  }),
  security: Flags.option({options: SECURITIES})({
    helpGroup: 'CONNECTION',
    summary: 'Default: tls for port 465, starttls for others.',
  }),
  user: Flags.string({helpGroup: 'CONNECTION', summary: 'Name to log in with.'}),
  'no-verify': Flags.boolean({helpGroup: 'CONNECTION', summary: 'Save it without trying to log in.'}),
}

/** For what had a password before. */
export const keepPasswordFlag = {
  'keep-password': Flags.boolean({
    helpGroup: 'SECRETS',
    summary: 'Use the password that was given before, with the new host, port, security or user.',
    exclusive: ['password-stdin', 'password-file', 'password-env', 'password-ref'],
  }),
}

/** The four ways to give a secret that is no prompt. The first two write a copy, the others keep a reference. */
export function secretFlags<Name extends string>(name: Name) {
  const ways = ['stdin', 'file', 'env', 'ref'] as const
  const others = (way: string) => ways.filter((other) => other !== way).map((other) => `${name}-${other}`)
  const helpGroup = 'SECRETS'
  return {
    [`${name}-stdin`]: Flags.boolean({
      helpGroup,
      summary: `Read the ${name} from standard input.`,
      exclusive: others('stdin'),
    }),
    [`${name}-file`]: Flags.string({
      helpGroup,
      helpValue: 'PATH',
      summary: `Copy the ${name} from a file.`,
      exclusive: others('file'),
    }),
    [`${name}-env`]: Flags.string({
      helpGroup,
      helpValue: 'VAR',
      summary: `Find the ${name} in this variable at each use.`,
      exclusive: others('env'),
    }),
    [`${name}-ref`]: Flags.string({
      helpGroup,
      helpValue: 'REF',
      summary: `Find the ${name} by env:VAR, file:PATH, cmd:[…], keychain:… or vault:… at each use.`,
      exclusive: others('ref'),
    }),
  } as {
    [Key in `${Name}-stdin`]: Interfaces.BooleanFlag<boolean>
  } & {[Key in `${Name}-${'file' | 'env' | 'ref'}`]: Interfaces.OptionFlag<string | undefined>}
}
