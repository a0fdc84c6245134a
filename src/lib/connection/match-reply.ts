/** Looks replies up in the table. Pure. */
import {readReply, type Reply} from './reply.ts'
import {
  REPLY_CLASSES,
  REPLY_PROVIDERS,
  REPLY_ROWS,
  type ReplyMatch,
  type ReplyProtocol,
  type ReplyProvider,
  type ReplyRow,
  type ReplyStep,
} from './reply-table/index.ts'

/** Who answered to what. */
export interface ReplyContext {
  readonly protocol: ReplyProtocol
  readonly step: ReplyStep
  readonly host: string
  /** Id of the provider whose words these are; null where its host tells, or nobody knows. */
  readonly provider: string | null
  readonly user: string | null
}

/** The row that knows these words; null where none does. */
export function rowOfReply(reply: string, context: ReplyContext): ReplyRow | null {
  const read = readReply(saidItself(reply, context.step), context.protocol)
  const provider = providerOf(context)
  const knows = (row: ReplyRow) =>
    row.protocol === context.protocol && row.steps.includes(context.step) && fits(row, read)
  return (
    REPLY_ROWS.find((row) => provider !== null && row.provider === provider && knows(row)) ??
    REPLY_ROWS.find((row) => row.onlyThere !== true && knows(row)) ??
    null
  )
}

/** What its codes alone say of a reply: a guess, and always an answer. */
export function classOfReply(reply: string, {protocol, step}: ReplyContext): ReplyRow {
  const read = readReply(saidItself(reply, step), protocol)
  const classes = REPLY_CLASSES.filter((row) => row.protocol === protocol)
  // The last class of a step fits everything; of a step that the protocol does not have, the last of the protocol.
  return classes.find((row) => row.steps.includes(step) && fits(row, read)) ?? classes.at(-1)!
}

/**
 * All rows that may be meant where it is not known what was being done, in the order of the table. Of rows that hold for
 * one provider alone only those whose words fit, or those of `provider`.
 */
export function rowsThatFit(
  reply: string,
  protocol: ReplyProtocol,
  steps: readonly ReplyStep[] | null,
  provider: string | null,
): readonly ReplyRow[] {
  const read = readReply(reply, protocol)
  return REPLY_ROWS.filter(
    (row) =>
      row.protocol === protocol &&
      (steps === null || row.steps.some((step) => steps.includes(step))) &&
      fits(row, read, row.onlyThere === true && row.provider !== provider),
  )
}

/** Who pastes words without their code pastes a sentence. The patterns may try each place of it. */
const MOST_WORDS = 2048

/** The rows of one provider's own words, where a text has no code that a reply begins with. */
export function rowsWithWords(text: string): readonly ReplyRow[] {
  const words = text.slice(0, MOST_WORDS).replace(/\s+/g, ' ')
  return REPLY_ROWS.filter(
    (row) =>
      row.provider !== null &&
      row.onlyThere !== true &&
      alternatives(row).some((match) => match.text !== undefined && unanchored(match.text).test(words)),
  )
}

/** Id of the provider that a server belongs to; null where its name tells none. */
export function providerOfServer(host: string): string | null {
  const name = host.toLowerCase().replace(/\.$/, '')
  return REPLY_PROVIDERS.find(({hosts}) => hosts?.test(name) === true)?.id ?? null
}

/** The provider of this id or alias. */
export function providerNamed(id: string): ReplyProvider | undefined {
  return REPLY_PROVIDERS.find((provider) => provider.id === id || provider.aliases?.includes(id) === true)
}

/** Id of whose words these are, as the table has it; null where nobody knows. */
export const providerOf = ({provider, host}: Pick<ReplyContext, 'provider' | 'host'>): string | null =>
  provider === null ? providerOfServer(host) : (providerNamed(provider)?.id ?? null)

/**
 * What is answered to a recipient or a message may quote others, such as the server of a recipient that was asked for the
 * address (Postfix, reject_unverified_recipient): `host mx.example said: 550 …`, `"530 …"`. Only what the server says
 * itself counts there. MAIL FROM is answered by the server of the account.
 */
function saidItself(reply: string, step: ReplyStep): string {
  if (step !== 'recipient' && step !== 'message') return reply
  return reply.replace(/\bsaid:.*$/is, '').replace(/"[^"]*(?:"|$)/g, '')
}

function fits(row: ReplyRow, reply: Reply, byWords = false): boolean {
  return alternatives(row).some(
    (match) =>
      (match.text !== undefined || !byWords) &&
      part(match.code, reply.code) &&
      part(match.detail, reply.detail) &&
      (match.text === undefined || match.text.test(reply.words)),
  )
}

const alternatives = ({match}: ReplyRow): readonly ReplyMatch[] => [match].flat()

const part = (wanted: string | RegExp | undefined, given: string): boolean =>
  wanted === undefined || (typeof wanted === 'string' ? wanted === given : wanted.test(given))

/** The same words anywhere. */
const unanchored = ({source, flags}: RegExp) => new RegExp(source.replace(/^\^/, ''), flags)
