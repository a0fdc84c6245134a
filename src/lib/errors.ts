/**
 * The whole catalogue of errors: each with a stable code, an exit code, what happened, why, and how to mend it.
 * This file imports nothing. Exit codes are those of docs/exit-codes.md and are never renumbered.
 */

/** A way out of an error: a sentence, and the command to paste where there is one. */
export interface Fix {
  readonly text: string
  readonly command?: string
}

/** Exit codes: sysexits from 64 on, our own from 20 to 29 by the stage of a connection that failed. */
export const EXIT = {
  ok: 0,
  unclassified: 1,
  findings: 2,
  dns: 20,
  tcp: 21,
  tls: 22,
  protocol: 23,
  credentials: 24,
  loginClosed: 25,
  sender: 26,
  recipient: 27,
  notReceived: 28,
  domainAuthentication: 29,
  usage: 64,
  data: 65,
  noInput: 66,
  notFound: 67,
  unavailable: 69,
  bug: 70,
  cannotCreate: 73,
  tryAgain: 75,
  notPermitted: 77,
  config: 78,
  sigint: 130,
  sigterm: 143,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export interface ErrorParts {
  readonly code: string
  readonly exitCode: ExitCode
  /** What happened, one line. */
  readonly title: string
  /** Why it happened. */
  readonly why: string
  /** How to mend it, best first. */
  readonly fixes?: readonly Fix[]
  /** The stage of a connection it happened in, as in `email test`. */
  readonly stage?: string
  /** The server's own words, verbatim. */
  readonly serverReply?: string
  /** How sure `why` is; left out where nothing is guessed. */
  readonly certainty?: Certainty
  /** Where the server's words have several causes: each, the most likely first. */
  readonly causes?: readonly string[]
  /** For missing input: the names of every missing flag. */
  readonly missing?: readonly string[]
  readonly cause?: unknown
}

/** `certain`: the words say so, or a document of the provider does. `guess`: nobody documented these words. */
export type Certainty = 'certain' | 'likely' | 'guess'

/** The only error class that is thrown on purpose. Anything else that reaches the top is a bug (70). */
export class PostdeskError extends Error {
  readonly code: string
  readonly exitCode: ExitCode
  readonly title: string
  readonly why: string
  readonly fixes: readonly Fix[]
  readonly stage: string | undefined
  readonly serverReply: string | undefined
  readonly certainty: Certainty | undefined
  readonly causes: readonly string[] | undefined
  readonly missing: readonly string[] | undefined

  constructor(parts: ErrorParts) {
    super(`${parts.title}: ${parts.why}`, parts.cause === undefined ? undefined : {cause: parts.cause})
    this.name = 'PostdeskError'
    this.code = parts.code
    this.exitCode = parts.exitCode
    this.title = parts.title
    this.why = parts.why
    this.fixes = parts.fixes ?? []
    this.stage = parts.stage
    this.serverReply = parts.serverReply
    this.certainty = parts.certainty
    this.causes = parts.causes
    this.missing = parts.missing
  }
}

/** What an error of the catalogue says, as a value. */
export function partsOf(error: PostdeskError): ErrorParts {
  const {code, exitCode, title, why, fixes, stage, serverReply, certainty, causes, missing} = error
  return {
    code,
    exitCode,
    title,
    why,
    fixes,
    ...(stage === undefined ? {} : {stage}),
    ...(serverReply === undefined ? {} : {serverReply}),
    ...(certainty === undefined ? {} : {certainty}),
    ...(causes === undefined ? {} : {causes}),
    ...(missing === undefined ? {} : {missing}),
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** The `code` of a system or library error, `''` where there is none. */
export function codeOf(thrown: unknown): string {
  const code = thrown instanceof Error ? (thrown as {code?: unknown}).code : undefined
  return typeof code === 'string' ? code : ''
}

const near = (names: readonly string[]): Fix[] =>
  names.length > 0 ? [{text: `Did you mean ${names.map((name) => `"${name}"`).join(' or ')}?`}] : []

// Usage -----------------------------------------------------------------------------------------------------------

export const usage = (why: string, fixes: readonly Fix[] = []) =>
  new PostdeskError({code: 'USAGE', exitCode: EXIT.usage, title: 'The command line is not understood', why, fixes})

/** What the command line leaves out, flags (`--out`) and arguments (`NUMBER`), and what else may be given instead. */
interface MissingInput {
  readonly missing: readonly string[]
  /** The command line to complete. */
  readonly command: string
  /** True where a person would have been asked. */
  readonly asks: boolean
  readonly others?: readonly Fix[]
}

export const missingInput = ({missing, command, asks, others = []}: MissingInput) =>
  new PostdeskError({
    code: 'MISSING_INPUT',
    exitCode: EXIT.usage,
    title: missing.length === 1 ? `${missing[0]} is missing` : `${missing.join(', ')} are missing`,
    why: `${missing.length === 1 ? 'it is' : 'they are'} needed${asks ? ', and nobody can be asked: this is not a terminal, or --json, --no-input or CI forbid questions' : ''}`,
    fixes: [
      {
        text: missing.every((name) => name.startsWith('--'))
          ? 'Give every missing value as a flag.'
          : 'Give every missing value.',
        command,
      },
      ...others,
    ],
    missing,
  })

/** A password belongs to what it was given for: it never goes elsewhere unasked. */
export const passwordNeededAgain = (command: string) =>
  new PostdeskError({
    code: 'PASSWORD_NEEDED_AGAIN',
    exitCode: EXIT.usage,
    title: 'The password is needed again',
    why: 'the one there is was given for another host, port, security or user',
    fixes: [
      {text: 'Give it:', command: `${command} --password-stdin < FILE`},
      {text: 'Or, where it is the same one:', command: `${command} --keep-password`},
    ],
    missing: ['--password-stdin'],
  })

export const secretOnCommandLine = (flag: string, right: string) =>
  new PostdeskError({
    code: 'SECRET_ON_COMMAND_LINE',
    exitCode: EXIT.usage,
    title: `${flag} does not take a secret`,
    why: 'what stands on a command line is seen by other users of the machine, and it may now be in the history of the shell',
    fixes: [{text: 'Remove it from the history, and give it this way:', command: right}],
  })

export const needsPortalFlag = (keys: readonly string[]) =>
  new PostdeskError({
    code: 'PORTAL_AMBIGUOUS',
    exitCode: EXIT.usage,
    title: 'Which portal?',
    why: `the store holds several portals (${keys.join(', ')}), and none was named`,
    fixes: [
      {text: 'Name it with --portal KEY or POSTDESK_PORTAL; on a terminal, choose one with `postdesk portal use`.'},
    ],
    missing: ['--portal'],
  })

export const invalidValue = (what: string, why: string, fixes: readonly Fix[] = []) =>
  new PostdeskError({code: 'INVALID_VALUE', exitCode: EXIT.usage, title: `${what} is not valid`, why, fixes})

/** What is to be explained are no words of a server. */
export const notAReply = () =>
  new PostdeskError({
    code: 'NOT_A_REPLY',
    exitCode: EXIT.data,
    title: 'This is no reply of a mail server',
    why: 'a reply begins with a code such as 535, or with NO or BAD; an error of a connection has a name such as ECONNREFUSED',
    fixes: [
      {
        text: 'Paste the whole line of the server or of the log:',
        command: 'postdesk email test --explain "535 5.7.8 Authentication failed"',
      },
    ],
  })

export const notConfirmed = (what: string, flag: string) =>
  new PostdeskError({
    code: 'NOT_CONFIRMED',
    exitCode: EXIT.usage,
    title: `${what} needs a confirmation`,
    why: 'it cannot be undone',
    fixes: [{text: `Repeat the command with ${flag}`}],
    missing: [flag],
  })

// Things ----------------------------------------------------------------------------------------------------------

/** The code of what happened to a kind of thing: `EMAIL_ADDRESS_NOT_FOUND`. */
const codeFor = (kind: string, what: string): string => `${kind.toUpperCase().replace(/[^A-Z]+/g, '_')}_${what}`

/** `kind` is a word such as `portal`, `queue`, `agent`, `email address`. */
export const notFound = (kind: string, name: string, nearNames: readonly string[] = [], fixes: readonly Fix[] = []) =>
  new PostdeskError({
    code: codeFor(kind, 'NOT_FOUND'),
    exitCode: EXIT.notFound,
    title: `No ${kind} "${name}"`,
    why: `${kind === 'portal' ? 'the store' : 'this portal'} has no ${kind} of that name`,
    fixes: [...near(nearNames), ...fixes],
  })

/** What has a number instead of a name: `ticket`, `quarantined mail`; a `message` has it within its ticket, `of`. */
export const noSuchNumber = (kind: string, numbers: readonly number[], fixes: readonly Fix[], of?: number) => {
  const named = numbers.join(', ')
  return new PostdeskError({
    code: codeFor(kind, 'NOT_FOUND'),
    exitCode: EXIT.notFound,
    title: `No ${kind} "${named}"`,
    why:
      of === undefined
        ? `this portal has no ${kind} of ${numbers.length === 1 ? 'that number' : 'these numbers'}`
        : `ticket ${of} has no ${kind} ${named}`,
    fixes,
  })
}

export const alreadyExists = (kind: string, name: string, why: string, fixes: readonly Fix[] = []) =>
  new PostdeskError({
    code: codeFor(kind, 'EXISTS'),
    exitCode: EXIT.cannotCreate,
    title: `The ${kind} "${name}" exists already`,
    why,
    fixes,
  })

export const inUse = (kind: string, name: string, why: string, fixes: readonly Fix[] = []) =>
  new PostdeskError({
    code: codeFor(kind, 'IN_USE'),
    exitCode: EXIT.cannotCreate,
    title: `The ${kind} "${name}" is in use`,
    why,
    fixes,
  })

/** Only the header of a quarantined mail is left. */
export const mailPurged = (id: number, at: string) =>
  new PostdeskError({
    code: 'QUARANTINED_MAIL_PURGED',
    exitCode: EXIT.data,
    title: `Quarantined mail ${id} was purged`,
    why: `since ${at} only its header is kept`,
    fixes: [
      {text: 'See which mail it was, and where it came from:', command: `postdesk quarantine show ${id}`},
      {
        text: 'If its mailbox or its sender still has it, hand it in:',
        command: 'postdesk email deliver --recipient=ADDRESS < message.eml',
      },
    ],
  })

/** Of a quarantined mail not even the header is there. */
export const nothingKept = (id: number) =>
  new PostdeskError({
    code: 'QUARANTINED_MAIL_NOT_KEPT',
    exitCode: EXIT.data,
    title: `Nothing of quarantined mail ${id} is kept`,
    why: 'its server never handed it out',
    fixes: [{text: 'See where it is:', command: `postdesk quarantine show ${id}`}],
  })

export const noPortal = () =>
  new PostdeskError({
    code: 'NO_PORTAL',
    exitCode: EXIT.notFound,
    title: 'There is no portal yet',
    why: 'the store is empty',
    fixes: [{text: 'Add one:', command: 'postdesk portal add acme --domain acme.example'}],
  })

export const noQueue = (portal: string) =>
  new PostdeskError({
    code: 'NO_QUEUE',
    exitCode: EXIT.usage,
    title: 'There is no queue yet',
    why: 'every internal address has one',
    fixes: [{text: 'Add one first:', command: `postdesk queue add support --portal ${portal}`}],
    missing: ['--queue'],
  })

export const notConfigured = (what: string, why: string, fixes: readonly Fix[]) =>
  new PostdeskError({code: 'NOT_CONFIGURED', exitCode: EXIT.config, title: `${what} is not configured`, why, fixes})

// Files -----------------------------------------------------------------------------------------------------------

export const inputFileMissing = (path: string, cause?: unknown) =>
  new PostdeskError({
    code: 'INPUT_FILE_MISSING',
    exitCode: EXIT.noInput,
    title: `Cannot read ${path}`,
    why: cause === undefined ? 'there is no such file' : (UNREADABLE[codeOf(cause)] ?? messageOf(cause)),
    cause,
  })

/** In words, why a file cannot be read. */
const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory, and a file is needed',
  EACCES: 'the user who runs postdesk may not read it',
}

/** A pipe, a socket or a device, named as a file: whether anything will ever come from it nobody knows. */
export const noRegularFile = (path: string) =>
  new PostdeskError({
    code: 'NO_REGULAR_FILE',
    exitCode: EXIT.noInput,
    title: `Cannot read ${path}`,
    why: 'it is no file, but a pipe, a socket or a device',
    fixes: [{text: 'Hand in what comes from it by standard input, which is named by a hyphen.'}],
  })

export const inputFilesMissing = (paths: readonly string[]) =>
  new PostdeskError({
    code: 'INPUT_FILE_MISSING',
    exitCode: EXIT.noInput,
    title: `Cannot read ${paths.join(', ')}`,
    why: paths.length === 1 ? 'there is no such file' : 'there are no such files',
  })

/** Of several inputs these could not be used; the others were. The exit code is the lowest of theirs. */
export const inputsUnusable = (errors: readonly PostdeskError[]) => {
  const [first, ...others] = errors
  if (first !== undefined && others.length === 0) return first
  const named = errors.slice(0, 3).map(({title, why}) => `${title}: ${why}`)
  return new PostdeskError({
    code: 'INPUTS_UNUSABLE',
    exitCode: errors.reduce<ExitCode>((lowest, {exitCode}) => (exitCode < lowest ? exitCode : lowest), EXIT.noInput),
    title: `${errors.length} inputs could not be used`,
    why: `${named.join('; ')}${errors.length > named.length ? `; and ${errors.length - named.length} more` : ''}`,
  })
}

export const badFileContent = (path: string, why: string, fixes: readonly Fix[] = []) =>
  new PostdeskError({code: 'BAD_FILE_CONTENT', exitCode: EXIT.data, title: `${path} cannot be used`, why, fixes})

export const cannotWrite = (path: string, cause: unknown) =>
  new PostdeskError({
    code: 'CANNOT_WRITE',
    exitCode: EXIT.cannotCreate,
    title: `Cannot write ${path}`,
    why: messageOf(cause),
    fixes: [{text: 'Make room, or give the user who runs postdesk the right to write there.'}],
    cause,
  })

export const emptyMessage = () =>
  new PostdeskError({
    code: 'EMPTY_MESSAGE',
    exitCode: EXIT.data,
    title: 'There is no message',
    why: 'standard input ended before its first byte',
  })

// Store -----------------------------------------------------------------------------------------------------------

export const noSuchStore = (path: string) =>
  storeUnavailable(`sqlite:${path}`, 'there is no such file', [
    {text: 'Correct --store or POSTDESK_STORE.'},
    {
      text: 'Or make a new store there:',
      command: `postdesk portal add acme --domain acme.example --store sqlite:${path}`,
    },
  ])

export const storeUnavailable = (where: string, why: string, fixes: readonly Fix[], cause?: unknown) =>
  new PostdeskError({
    code: 'STORE_UNAVAILABLE',
    exitCode: EXIT.unavailable,
    title: `The store ${where} cannot be used`,
    why,
    fixes,
    cause,
  })

export const storeBusy = (where: string, cause?: unknown) =>
  new PostdeskError({
    code: 'STORE_BUSY',
    exitCode: EXIT.tryAgain,
    title: `The store ${where} is busy`,
    why: 'another process has been writing to it for too long',
    fixes: [{text: 'Run the same command again; nothing was changed.'}],
    cause,
  })

export const storeFull = (where: string, cause?: unknown) =>
  new PostdeskError({
    code: 'STORE_FULL',
    exitCode: EXIT.tryAgain,
    title: `The store ${where} has no room`,
    why: 'the disk is full, or a quota is reached',
    fixes: [{text: 'Make room, then run the same command again; what was committed is kept.'}],
    cause,
  })

export const storeDamaged = (where: string, why: string, cause?: unknown) =>
  new PostdeskError({
    code: 'STORE_DAMAGED',
    exitCode: EXIT.unavailable,
    title: `The store ${where} is damaged`,
    why,
    fixes: [
      {text: 'See what is damaged:', command: 'postdesk store check'},
      {text: 'Restore a backup; one was made beside the store at its last migration.'},
    ],
    cause,
  })

/** What `store check` found; `exitCode` is 65 where the store can be used and only mails in it are damaged. */
export const storeCheckFailed = (where: string, why: string, exitCode: typeof EXIT.data | typeof EXIT.unavailable) =>
  new PostdeskError({
    code: exitCode === EXIT.data ? 'RAW_DAMAGED' : 'STORE_DAMAGED',
    exitCode,
    title: `The store ${where} is damaged`,
    why,
    fixes: [
      {text: 'Keep a copy of the store as it is now, whatever you do next.'},
      {text: 'Restore a backup, then `postdesk email sync`: what the mailbox still has is fetched again.'},
      ...(exitCode === EXIT.data
        ? [{text: 'Without a backup all else goes on working; only the mails named here cannot be shown.'}]
        : []),
    ],
  })

/** Of the mails of a store some are damaged; the store itself can be used. */
export const rawDamaged = (what: string, why: string, cause?: unknown) =>
  new PostdeskError({
    code: 'RAW_DAMAGED',
    exitCode: EXIT.data,
    title: `${what} is damaged`,
    why,
    fixes: [
      {text: 'See what else is:', command: 'postdesk store check --full'},
      {text: 'Restore a backup of the store; or fetch the mail anew from its mailbox into another store.'},
    ],
    cause,
  })

export const schemaTooNew = (where: string, schema: number, known: number) =>
  new PostdeskError({
    code: 'SCHEMA_TOO_NEW',
    exitCode: EXIT.config,
    title: `The store ${where} was made by a newer postdesk`,
    why: `it has schema ${schema}, this program knows schemas up to ${known}`,
    fixes: [{text: 'Install the newer postdesk on this machine too.'}],
  })

export const schemaTooOld = (where: string, schema: number, needed: number) =>
  new PostdeskError({
    code: 'SCHEMA_TOO_OLD',
    exitCode: EXIT.config,
    title: `The store ${where} needs a migration`,
    why:
      schema === 0
        ? 'it is empty'
        : `it has schema ${schema}, this program needs schema ${needed}; a shared store is never migrated unasked`,
    fixes: [{text: 'When all machines may wait a moment:', command: 'postdesk store migrate'}],
  })

export const leaseHeld = (source: string, owner: string) =>
  new PostdeskError({
    code: 'SYNC_RUNNING',
    exitCode: EXIT.tryAgain,
    title: `${source} is being synced already`,
    why: `by ${owner}`,
    fixes: [{text: 'Wait until it has finished; nothing is lost by waiting.'}],
  })

/** A ticket that no address can answer. `able`: an address of the portal that can send; null for none. */
export const cannotAnswer = (of: {
  readonly number: number | null
  readonly why: string
  readonly portal: string
  readonly queue: string | null
  readonly able: string | null
}) =>
  new PostdeskError({
    code: 'NO_SENDER',
    exitCode: EXIT.config,
    title: of.number === null ? 'The mail cannot be sent' : `Ticket ${of.number} cannot be answered`,
    why: of.why,
    fixes: [
      ...(of.able === null
        ? [
            {
              text: 'Add an address that can send:',
              command: `postdesk email add smtp ADDRESS --portal ${of.portal}`,
            },
          ]
        : []),
      ...(of.queue === null
        ? []
        : [
            {
              text: 'Name the address by which the queue answers:',
              command: `postdesk queue update ${of.queue} --sender ${of.able ?? 'ADDRESS'} --portal ${of.portal}`,
            },
          ]),
      {text: `Or name one for this mail alone, with --from ${of.able ?? 'ADDRESS'}.`},
    ],
  })

/** Some recipients were refused for good; what they were told stands in the outbox and in the ticket. */
export const notAllSent = (recipients: number, portal: string, reply: string | null = null, id?: number) =>
  new PostdeskError({
    code: 'NOT_SENT',
    exitCode: EXIT.recipient,
    title: recipients === 1 ? 'One recipient was not reached' : `${recipients} recipients were not reached`,
    why: 'the server refused them, or the mail, for good',
    fixes: [
      {text: 'See what it said:', command: `postdesk outbox list --state failed --portal ${portal}`},
      {
        text: 'Once it is mended, send it again:',
        command: `postdesk outbox retry ${id ?? 'ID'} --portal ${portal} && postdesk outbox send --portal ${portal}`,
      },
    ],
    ...(reply === null ? {} : {serverReply: reply}),
  })

/** The connection was lost between the end of a mail and the answer to it (RFC 1047). */
export const sentUnknown = (id: number, portal: string) =>
  new PostdeskError({
    code: 'SENT_UNKNOWN',
    exitCode: EXIT.unclassified,
    title: 'Nobody knows whether the mail was sent',
    why: 'the connection was lost after it was given over, before the server had answered',
    fixes: [
      {
        text: 'Ask its receiver, or look into the sent mail of the account. If it did not arrive, send it again:',
        command: `postdesk outbox retry ${id} --portal ${portal}`,
      },
    ],
  })

/** A mail that was written is kept, and cannot leave until somebody acts. The class is that of what stands in the way. */
export const cannotSendNow = (
  {code, exitCode, title, why, fixes, serverReply}: PostdeskError,
  id: number,
  portal: string,
) =>
  new PostdeskError({
    code,
    exitCode,
    title,
    why: `${why}. The mail is kept in the outbox as ${id}: do not write it again`,
    fixes: [
      ...fixes,
      {
        text: 'Once it is mended, send it:',
        command: `postdesk outbox retry ${id} --portal ${portal} && postdesk outbox send --portal ${portal}`,
      },
    ],
    ...(serverReply === undefined ? {} : {serverReply}),
  })

/** The files of a mail are larger than servers take. */
export const attachmentsTooLarge = (size: number, most: number) =>
  new PostdeskError({
    code: 'ATTACHMENTS_TOO_LARGE',
    exitCode: EXIT.data,
    title: 'The attachments are too large',
    why: `they have ${size} bytes together, and most servers take no mail of more than some ${most}`,
    fixes: [{text: 'Send fewer or smaller files, or a link to them.'}],
  })

/** Codes of reasons for which no mail leaves and nobody has to act: another process sends it, or the address is switched off. */
export const HELD_ON_PURPOSE: ReadonlySet<string> = new Set(['OUTBOX_BUSY', 'CHANNEL_INACTIVE'])

/** What waits for an address that is switched off is held, as its admin wants it. */
export const channelInactive = (address: string, portal: string) =>
  new PostdeskError({
    code: 'CHANNEL_INACTIVE',
    exitCode: EXIT.config,
    title: `The mail of ${address} is held`,
    why: 'the address is switched off',
    fixes: [{text: 'Switch it on:', command: `postdesk email update ${address} --active --portal ${portal}`}],
  })

/** Another process sends by the account already: two at once would each open their own connections. */
export const outboxBusy = (address: string, owner: string) =>
  new PostdeskError({
    code: 'OUTBOX_BUSY',
    exitCode: EXIT.tryAgain,
    title: `The mail of ${address} is being sent already`,
    why: owner,
    fixes: [{text: 'Nothing needs to be done: it sends what was added meanwhile, too.'}],
  })

export const leaseLost = (source: string) =>
  new PostdeskError({
    code: 'LEASE_LOST',
    exitCode: EXIT.tryAgain,
    title: `Another process took over ${source}`,
    why: 'this one was silent for too long; what it had not committed was given up, and the other fetches it',
    fixes: [{text: 'Run the same command again.'}],
  })

// Secrets ---------------------------------------------------------------------------------------------------------

/** `first`: what may help on this very machine; the ways that always exist follow. */
export const noSecretPlace = (why: string, cause?: unknown, first: readonly Fix[] = []) =>
  new PostdeskError({
    code: 'NO_SECRET_PLACE',
    exitCode: EXIT.config,
    title: 'There is no place for a secret on this machine',
    why,
    fixes: [
      ...first,
      {
        text: 'In a container, in CI, over SSH: use the encrypted vault file.',
        command: 'POSTDESK_VAULT_PASSPHRASE_FILE=/run/secrets/vault postdesk --secret-store vault …',
      },
      {
        text: 'Or keep a reference instead of a copy: --password-env VAR, --password-ref file:PATH or cmd:["program","argument"].',
      },
      {text: 'Or unlock the desktop keychain and run the command again.'},
    ],
    cause,
  })

export const secretPlaceFailed = (place: string, why: string, fixes: readonly Fix[], cause?: unknown) =>
  new PostdeskError({
    code: 'SECRET_PLACE_FAILED',
    exitCode: EXIT.config,
    title: `The ${place} did not keep the secret`,
    why,
    fixes,
    cause,
  })

/** The place is there, and what it keeps cannot be read. */
export const secretPlaceClosed = (place: string, why: string, fixes: readonly Fix[], cause?: unknown) =>
  new PostdeskError({
    code: 'SECRET_PLACE_CLOSED',
    exitCode: EXIT.config,
    title: `The ${place} cannot be opened`,
    why,
    fixes,
    cause,
  })

export const fileBusy = (path: string, cause?: unknown) =>
  new PostdeskError({
    code: 'FILE_BUSY',
    exitCode: EXIT.tryAgain,
    title: `${path} is being written by another process`,
    why: 'it was waited for, and nothing was changed',
    fixes: [{text: 'Run the same command again.'}],
    cause,
  })

export const modeTooOpen = (path: string, mode: string, command: string) =>
  new PostdeskError({
    code: 'MODE_TOO_OPEN',
    exitCode: EXIT.notPermitted,
    title: `${path} is open to other users of this machine`,
    why: `its mode is ${mode}`,
    fixes: [{text: 'Close it to them:', command}],
  })

export const secretUnresolved = (name: string, why: string, fixes: readonly Fix[] = [], cause?: unknown) =>
  new PostdeskError({
    code: 'SECRET_UNRESOLVED',
    exitCode: EXIT.config,
    title: `The secret ${name} cannot be resolved on this machine`,
    why,
    fixes:
      fixes.length > 0
        ? fixes
        : [
            {text: 'Store a copy here:', command: `postdesk secret set ${name}`},
            {text: 'Or say where this machine finds it:', command: `postdesk secret bind ${name} env:VARIABLE`},
          ],
    cause,
  })

// Connections -----------------------------------------------------------------------------------------------------

/** A connection that failed at one of the stages of `email test`; made by the edges' own errors.ts. */
export const connectionFailed = (parts: ErrorParts) => new PostdeskError(parts)

/** DNS could not say, so nothing is known; `others` are ways to do without it. */
export const dnsUnknown = (title: string, why: string, others: readonly Fix[]) =>
  new PostdeskError({
    code: 'DNS_FAILED',
    exitCode: EXIT.dns,
    title,
    why,
    fixes: [
      {text: 'Check the resolver of this machine, or name another one with POSTDESK_RESOLVER=IP:PORT.'},
      ...others,
    ],
  })

/** DNS and the domain's web server were asked, and nothing is published about how its mail is sent. */
export const notPublished = (title: string, why: string, fixes: readonly Fix[]) =>
  new PostdeskError({code: 'SMTP_NOT_PUBLISHED', exitCode: EXIT.notFound, title, why, fixes})

export const interrupted = (signal: 'SIGINT' | 'SIGTERM') =>
  new PostdeskError({
    code: 'INTERRUPTED',
    exitCode: signal === 'SIGINT' ? EXIT.sigint : EXIT.sigterm,
    title: 'Stopped',
    why: `${signal} was received; what was committed is kept, and the next run continues there`,
  })
