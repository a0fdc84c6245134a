/**
 * What follows from each reason of the quarantine, as data: the help, docs/quarantine.md, retries and retention are read
 * from this table.
 *
 * What waits for a switch or a repair is kept until somebody acts: its sender wrote to an address of this portal, and no
 * other copy may exist. Only what a stranger can send in any number has an end.
 */
import type {QuarantineReason} from './facts.ts'

/** What a reason means for a mail. */
export interface ReasonFacts {
  /** One sentence. */
  readonly means: string
  /** Who can mend it, and how. */
  readonly mends: string
  /** When another try can end differently. */
  readonly retry: string
  /** Days after which all but the header is purged, counted from when it was quarantined; null: never. */
  readonly keptDays: number | null
  /** Why it is kept so long. */
  readonly keptWhy: string
  /** True where a stranger can send any number of such mails: together they share `QUARANTINE_BUDGET`. */
  readonly budgeted: boolean
}

export const REASONS: Readonly<Record<QuarantineReason, ReasonFacts>> = {
  'unknown-recipient': {
    means: 'It was sent to no address of this portal.',
    mends: 'An admin adds the address.',
    retry: 'once the address is there',
    keptDays: 30,
    keptWhy: 'a missing address is noticed within a month, and most of this is sent to guessed addresses',
    budgeted: true,
  },
  loop: {
    means: 'It goes round: over a hundred hops, or delivered to the same address again and again.',
    mends: 'Whoever set up the forwarding that sends it back ends that.',
    retry: 'of no use, as the mail itself bears the marks of its rounds',
    keptDays: 14,
    keptWhy: 'two weeks show which forwarding it is; what was written arrived by an earlier round',
    budgeted: true,
  },
  'channel-inactive': {
    means: 'Its address is switched off.',
    mends: 'An admin switches the address on.',
    retry: 'once the address is on; switching it on takes in what waits',
    keptDays: null,
    keptWhy: 'it waits for a switch',
    budgeted: false,
  },
  'needs-queue': {
    means: 'Its address has no queue that the ticket could go to.',
    mends: 'An admin names a queue.',
    retry: 'once the address has a queue',
    keptDays: null,
    keptWhy: 'it waits for a switch',
    budgeted: false,
  },
  'parse-failed': {
    means: 'Reading it failed, or took too long.',
    mends: 'A later version of postdesk; until then it can be exported and read elsewhere.',
    retry: 'with a later version',
    keptDays: null,
    keptWhy: 'it waits for a repair',
    budgeted: false,
  },
  oversized: {
    means: 'It is larger than the portal takes.',
    mends: 'An admin lets the portal take larger mail.',
    retry: 'once the portal takes that much; what is not kept whole is fetched by the next sync',
    keptDays: null,
    keptWhy: 'it waits for a switch, and what an MTA handed in has no other copy; its size is for the MTA to limit',
    budgeted: false,
  },
  poison: {
    means: 'It is on the server, and the server does not hand it out.',
    mends: 'Whoever runs the mailbox: a mail program may open it there, or remove it.',
    retry: 'at any time; a sync asks by itself each hour',
    keptDays: null,
    keptWhy: 'there is nothing of it to purge',
    budgeted: false,
  },
  'not-storable': {
    means: 'The store refused it for its content.',
    mends: 'A later version of postdesk, or the administrator of the database.',
    retry: 'after the repair; what is not kept whole is fetched by the next sync',
    keptDays: null,
    keptWhy: 'it waits for a repair',
    budgeted: false,
  },
  'forwarding-confirmation': {
    means:
      'A provider asks to confirm that it may forward mail to this portal; the code or the link stands in its detail.',
    mends: 'Whoever sets up the forward confirms it at the provider; an admin drops the mail.',
    retry: 'to make a ticket of it all the same: by its id, or by this reason',
    keptDays: 30,
    keptWhy: 'codes and links end within days, and anybody can have one sent',
    budgeted: true,
  },
}

/**
 * Most of the mails, and of their bytes, that a portal keeps whole for the reasons that strangers can fill; above it the
 * oldest are purged. Guessed addresses of a busy domain draw some hundred mails a day, so a month fits; and a mail has
 * 100 KB on average at most.
 */
export const QUARANTINE_BUDGET = {mails: 10_000, bytes: 1_000_000_000} as const

/** The reasons that share the budget. */
export const BUDGETED_REASONS = (Object.keys(REASONS) as QuarantineReason[]).filter(
  (reason) => REASONS[reason].budgeted,
)
