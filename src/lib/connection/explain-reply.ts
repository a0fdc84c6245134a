/** What the replies of servers mean: the one way in for everybody. Pure. */
import type {ErrorParts} from '../errors.ts'
import {connectionErrorIn} from './pasted-error.ts'
import {type PastedReply, plainText, repliesIn, serverNamesIn} from './pasted-text.ts'
import {
  classOfReply,
  providerNamed,
  providerOfServer,
  type ReplyContext,
  rowOfReply,
  rowsThatFit,
  rowsWithWords,
} from './match-reply.ts'
import {REPLY_PROVIDERS, type ReplyRow, type ReplyStep} from './reply-table/index.ts'

export {classOfReply, providerOfServer, type ReplyContext, rowOfReply} from './match-reply.ts'
export type {ReplyRow, ReplyStep} from './reply-table/index.ts'

/** What pasted text means. */
export interface Explanation {
  /** Id of the row that knows these words; null where they are only classified, or several rows fit. */
  readonly rule: string | null
  /** Id of the provider whose words these are; null where they are nobody's in particular. */
  readonly provider: string | null
  readonly parts: ErrorParts
  /** Where it is documented or was seen; null where it is only classified. */
  readonly source: string | null
}

/** Whose words the table knows, for `--provider` and for "did you mean"; with the ids that `email discover` has for them. */
export const KNOWN_PROVIDERS: readonly {readonly id: string; readonly name: string}[] = REPLY_PROVIDERS.flatMap(
  ({id, name, aliases = []}) => [id, ...aliases].map((each) => ({id: each, name})),
)

/**
 * What a refusal means: that of the row that knows it, else of its class by RFC 3463, RFC 5530 or RFC 5321, which is a
 * guess. `serverReply` is not set: whoever has the password blanks it out of the reply first.
 */
export function partsOfReply(reply: string, context: ReplyContext): ErrorParts {
  return partsOfRow(rowOfReply(reply, context) ?? classOfReply(reply, context), context)
}

/** The error that a row stands for, and whom it concerns. */
export function partsOfRow(
  row: ReplyRow,
  {step, host, user}: Pick<ReplyContext, 'step' | 'host' | 'user'>,
): ErrorParts {
  const whom = user === null ? `at ${host}` : `for ${user} at ${host}`
  return {...statement(row, user), title: `${row.title} ${whom}`, stage: STAGES[step]}
}

/**
 * What pasted text means, whatever was being done: the best row of all protocols and steps, with the words of `provider`
 * first where it is given. Null where there is no refusal and no error of a connection in it: an empty text, prose, a
 * server that is content.
 */
export function explainText(text: string, provider: string | null): Explanation | null {
  const plain = plainText(text)
  const spokenBy =
    provider === null
      ? (serverNamesIn(plain)
          .map(providerOfServer)
          .find((id) => id !== null) ?? null)
      : (providerNamed(provider)?.id ?? null)
  const replies = repliesIn(plain)
  for (const reply of replies) {
    const known = explainKnown(reply, spokenBy)
    if (known !== null) return known
  }
  const [first] = replies
  if (first !== undefined) return explainUnknown(first, spokenBy)
  const [row] = rowsWithWords(plain)
  if (row !== undefined) return explained(row)
  const parts = connectionErrorIn(plain)
  return parts === null ? null : {rule: null, provider: null, parts, source: null}
}

/** The stage that a step belongs to, as `transport-errors.ts` and `email test` call them. */
const STAGES: Readonly<Record<ReplyStep, string>> = {
  greeting: 'greeting',
  ehlo: 'capabilities',
  starttls: 'tls',
  login: 'login',
  sender: 'sender',
  recipient: 'recipient',
  message: 'message',
  mailbox: 'mailbox',
  token: 'login',
}

function explainKnown({reply, protocol, steps}: PastedReply, spokenBy: string | null): Explanation | null {
  const rows = rowsThatFit(reply, protocol, steps, spokenBy)
  const own = spokenBy === null ? undefined : rows.find(({provider}) => provider === spokenBy)
  if (own !== undefined) return explained(own)
  const general = rows.find(({onlyThere}) => onlyThere !== true)
  // Of a provider that is known others do not speak.
  const shared = spokenBy === null ? rows.filter(({onlyThere}) => onlyThere === true) : []
  const possible = general === undefined ? shared : [general, ...shared]
  const [only, another] = possible
  if (only === undefined) return null
  // What all servers mean by it needs no name.
  const alike = only.provider === null && possible.every(({exitCode}) => exitCode === only.exitCode)
  if (another !== undefined && !alike) return ambiguous(possible, {reply, protocol, steps})
  return general === undefined ? explained({...only, certainty: 'likely'}) : explained(only)
}

const explained = (row: ReplyRow): Explanation => ({
  rule: row.id,
  provider: row.provider,
  parts: statement(row, null),
  source: row.source,
})

/** Several servers say these words. The rows are ranked as the table is: software that runs anywhere first. */
function ambiguous(rows: readonly ReplyRow[], pasted: PastedReply): Explanation {
  const {id, exitCode, title, fixes} = classOf(pasted)
  const agreed = rows.every((row) => row.exitCode === rows[0]?.exitCode) ? rows[0]?.exitCode : undefined
  const named = rows.map((row) => ({row, name: nameOf(row.provider)}))
  return {
    rule: null,
    provider: null,
    parts: {
      code: id,
      exitCode: agreed ?? exitCode,
      title,
      why: 'several servers say so, and mean different things',
      causes: named.map(({row, name}) => `${name}: ${row.why}. Check: the server is one of ${name}`),
      fixes: [
        {text: `Name whose words they are: --provider ${named.map(({row}) => row.provider ?? 'NAME').join(', ')}.`},
        ...named.flatMap(({row, name}) => row.fixes.slice(0, 1).map((fix) => ({...fix, text: `${name}: ${fix.text}`}))),
        ...fixes.slice(0, 1),
      ],
      certainty: agreed === undefined ? 'guess' : 'likely',
    },
    source: rows.map(({source}) => source).join('; '),
  }
}

const nameOf = (provider: string | null): string =>
  REPLY_PROVIDERS.find(({id}) => id === provider)?.name ?? 'Any server'

const explainUnknown = (pasted: PastedReply, provider: string | null): Explanation => ({
  rule: null,
  provider,
  parts: statement(classOf(pasted), null),
  source: null,
})

const classOf = ({reply, protocol, steps}: PastedReply): ReplyRow =>
  classOfReply(reply, {protocol, step: steps[0] ?? 'message', host: '', provider: null, user: null})

/** What a row says, without whom it concerns. */
function statement({id, exitCode, title, why, causes, fixes, certainty}: ReplyRow, user: string | null): ErrorParts {
  // A name that could mean something to a shell is left to who pastes the command.
  const named = (text: string) =>
    user !== null && /^[\w.+@-]+$/.test(user) ? text.replaceAll(/\bUSER\b/g, user) : text
  return {
    code: id,
    exitCode,
    title,
    why,
    fixes: fixes.map((fix) => (fix.command === undefined ? fix : {...fix, command: named(fix.command)})),
    certainty,
    ...(causes === undefined ? {} : {causes: causes.map((cause) => `${cause.why}. Check: ${named(cause.check)}`)}),
  }
}
