/**
 * Holds what is told of real mails against what is expected of them, for folders that are not part of the repository
 * (test/support/corpus.ts says what they look like), and prints for each kind of expectation how many agree and which do
 * not. The projects that the expectations come from differ here and there: a difference is to be looked at, no error.
 * The exit code is 1 where a mail could not be read.
 *
 *   node scripts/corpus.ts FOLDER… [--all]       --all names every difference, not only the first few
 */
import {mkdtemp, rm, stat, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {basename, dirname, join, resolve} from 'node:path'
import {Readable} from 'node:stream'
import {parseArgs} from 'node:util'
import {table} from '../bench/measure.ts'
import {systemClock} from '../src/lib/clock.ts'
import {safeLine} from '../src/lib/cli/safe-text.ts'
import {explain} from '../src/lib/explain.ts'
import type {Explanation} from '../src/lib/explain-result.ts'
import type {BounceReason} from '../src/lib/message/message.ts'
import {parseFacts} from '../src/lib/message/parse.ts'
import {corpusCases, type CorpusCase, type Expected} from '../test/support/corpus.ts'

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** What other folders than those of test/support/corpus.ts expect. */
interface Expectations extends Expected {
  readonly to_addr?: string
  readonly cc?: string
  readonly reply_to?: string
  readonly in_reply_to?: string
  readonly attachments_count?: number
  readonly attachments?: readonly {readonly filename?: string; readonly size?: number; readonly sha256?: string}[]
  readonly is_loop?: boolean
}

/** Differences that are named of each kind. */
const NAMED = 8
/** Characters of a value that is shown. */
const SHOWN = 70

/** How a mail is held against an expectation: two values that should be equal; null where nothing is expected. */
type Comparison = (told: Explanation, expect: Expectations, item: CorpusCase) => readonly [unknown, unknown] | null

const bouncesOf = ({verdict}: Explanation) => verdict.bounces ?? []
const blanksAsOne = (text: string) => text.replace(/\s+/g, ' ').trim()
const addressesOf = (list: readonly {readonly address: string}[]) => list.map(({address}) => address.toLowerCase())

/** Compares what is said of each recipient of a bounce. */
const ofBounces =
  (name: 'status' | 'action' | 'hard'): Comparison =>
  (told, {bounces}) => {
    if (bounces === undefined) return null
    const wanted = bounces.map((bounce) => bounce[name])
    const got = bouncesOf(told).map((bounce) => (name === 'hard' ? bounce.permanent : bounce[name]))
    return [wanted, got]
  }

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  subject: ({message}, {subject}) => (subject === undefined ? null : [subject, message.subject]),
  from_addr: ({message}, {from_addr: wanted}) =>
    wanted === undefined ? null : [wanted.toLowerCase(), addressesOf(message.from)[0] ?? null],
  from_name: ({message}, {from_name: wanted}) =>
    wanted === undefined ? null : [wanted, message.from[0]?.name ?? null],
  to_addr: ({message}, {to_addr: wanted}) =>
    wanted === undefined ? null : [wanted.toLowerCase(), addressesOf(message.to)[0] ?? null],
  reply_to: ({message}, {reply_to: wanted}) =>
    wanted === undefined ? null : [wanted.toLowerCase(), addressesOf(message.replyTo)[0] ?? null],
  message_id: ({message}, {message_id: wanted}) =>
    wanted === undefined ? null : [wanted.replace(/^<|>$/g, ''), message.messageId],
  in_reply_to: ({thread}, {in_reply_to: wanted}) =>
    wanted === undefined ? null : [true, thread.references.includes(wanted.replace(/^<|>$/g, ''))],
  text_contains: ({message}, {text_contains: wanted}) =>
    wanted === undefined ? null : [[], wanted.filter((part) => !message.text.includes(part))],
  reply_text: ({message}, {reply_text: wanted}) =>
    wanted === undefined ? null : [wanted.trim(), message.replyText.trim()],
  'reply_text, but for blanks': ({message}, {reply_text: wanted}) =>
    wanted === undefined ? null : [blanksAsOne(wanted), blanksAsOne(message.replyText)],
  elided_text: ({message}, {elided_text: wanted}) =>
    wanted === undefined ? null : [blanksAsOne(wanted), blanksAsOne(message.quotedText)],
  attachments_count: ({message}, {attachments_count: wanted}) =>
    wanted === undefined ? null : [wanted, message.attachments.length],
  attachments: ({message}, {attachments: wanted}) => {
    if (wanted === undefined) return null
    const missing = wanted.filter(({filename, size, sha256}) =>
      message.attachments.every(
        (one) =>
          (filename !== undefined && one.filename !== filename) ||
          (size !== undefined && one.size !== size) ||
          (sha256 !== undefined && one.sha256 !== sha256),
      ),
    )
    return [[], missing]
  },
  'leaves that are no text': ({message}, {leaves}) => {
    const wanted = leaves?.filter(({kind, in_message: nested}) => kind === 'binary' && nested === 0)
    if (wanted === undefined) return null
    const hashes = new Set(message.attachments.map(({sha256}) => sha256))
    return [[], wanted.filter(({sha256}) => !hashes.has(sha256)).map(({mime, size}) => `${mime} ${size}`)]
  },
  is_auto_reply: ({verdict}, {is_auto_reply: wanted}) =>
    wanted === undefined ? null : [wanted, verdict.kind === 'auto-reply'],
  is_bounce: ({verdict}, {is_bounce: wanted}) => (wanted === undefined ? null : [wanted, verdict.kind === 'bounce']),
  is_feedback_report: ({verdict}, {is_feedback_report: wanted}) =>
    wanted === undefined ? null : [wanted, verdict.kind === 'report'],
  is_loop: ({verdict}, {is_loop: wanted}) => (wanted === undefined ? null : [wanted, verdict.kind === 'loop']),
  must_not_autorespond: ({autoReply}, {must_not_autorespond: wanted}) =>
    wanted === true ? [false, autoReply.send] : null,
  'bounces: recipients': (told, {bounces}) => {
    if (bounces === undefined) return null
    const got = bouncesOf(told).map(({recipient}) => recipient.toLowerCase())
    const known = (recipient: string | null, alias: string | null) =>
      [recipient, alias].find((name) => name !== null && got.includes(name.toLowerCase())) ?? recipient
    return [
      bounces.map(({recipient, alias}) => known(recipient, alias)?.toLowerCase() ?? '').toSorted(compareText),
      got.toSorted(compareText),
    ]
  },
  'bounces: status': ofBounces('status'),
  'bounces: action': ofBounces('action'),
  'bounces: hard or soft': ofBounces('hard'),
  'bounces: reason': (told, {bounces}) => {
    const sure = bounces?.filter(({peers_agree_on_reason: agree, reason}) => agree === true && reason !== null)
    if (sure === undefined || sure.length === 0 || sure.length !== bounces?.length) return null
    return [sure.map(({reason}) => REASONS[reason!] ?? reason), bouncesOf(told).map(({reason}) => reason)]
  },
  feedback_types: (_, {feedback_types: wanted}, {bytes}) => {
    if (wanted === undefined) return null
    const report = parseFacts(bytes).report
    return [wanted, report?.kind === 'feedback' ? [report.feedbackType] : []]
  },
  original_subject: (_, {original_subject: wanted}, {bytes}) =>
    wanted === undefined ? null : [wanted, parseFacts(bytes).report?.original.subject ?? null],
  original_message_ids: (_, {original_message_ids: wanted}, {bytes}) => {
    if (wanted === undefined) return null
    const {messageId} = parseFacts(bytes).report?.original ?? {}
    // Any of them is right: a list of several comes from one mail that was returned by several hops.
    return [true, messageId !== undefined && messageId !== null && wanted.includes(messageId)]
  },
}

/** Sisimai's words for why a mail did not arrive, in ours; what is not here has no word of its own with us. */
const REASONS: Readonly<Record<string, BounceReason>> = {
  userunknown: 'user-unknown',
  mailboxfull: 'mailbox-full',
  mesgtoobig: 'message-too-large',
  exceedlimit: 'message-too-large',
  hostunknown: 'host-unknown',
  networkerror: 'network-error',
  spamdetected: 'spam',
  policyviolation: 'policy',
  authfailure: 'authentication',
  contenterror: 'content',
  virusdetected: 'virus',
  suspend: 'suspended',
  hasmoved: 'moved',
  speeding: 'rate-limited',
  toomanyconn: 'rate-limited',
  norelaying: 'relay-denied',
  notaccept: 'not-accepting',
  syntaxerror: 'protocol',
  systemerror: 'system-error',
  systemfull: 'system-error',
  mailererror: 'system-error',
}

interface Tally {
  agree: number
  readonly differences: {readonly name: string; readonly wanted: unknown; readonly got: unknown}[]
}

const {values: options, positionals: folders} = parseArgs({
  allowPositionals: true,
  options: {all: {type: 'boolean', default: false}},
})
if (folders.length === 0) throw new Error('which folders? node scripts/corpus.ts FOLDER…')
for (const folder of folders) {
  if (!(await stat(folder)).isDirectory()) continue // a note beside the folders
  if (!(await compareFolder(resolve(folder)))) process.exitCode = 1
}

/** False where a mail could not be read. */
async function compareFolder(folder: string): Promise<boolean> {
  const cases = corpusCases(basename(folder), dirname(folder))
  const told = await explainAll(cases)
  const tallies = new Map<string, Tally>()
  const unread: string[] = []
  for (const [index, item] of cases.entries()) {
    const explanation = told[index]
    const failure = explanation?.message.defects.find(({code}) => code === 'parse-failed')
    if (explanation === undefined || failure !== undefined) unread.push(`${item.file}: ${failure?.detail ?? 'nothing'}`)
    else count(tallies, item, explanation)
  }
  print(folder, cases.length, tallies, unread)
  return unread.length === 0
}

function count(tallies: Map<string, Tally>, item: CorpusCase, explanation: Explanation): void {
  for (const [key, comparison] of Object.entries(COMPARISONS)) {
    const pair = comparison(explanation, item.expect, item)
    if (pair === null) continue
    const tally = tallies.get(key) ?? {agree: 0, differences: []}
    tallies.set(key, tally)
    const [wanted, got] = pair
    if (JSON.stringify(wanted) === JSON.stringify(got)) tally.agree++
    else tally.differences.push({name: item.file, wanted, got})
  }
}

/** What is told of each, in order; a case that is a body becomes the body of a mail. */
async function explainAll(cases: readonly CorpusCase[]): Promise<readonly (Explanation | undefined)[]> {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-corpus-'))
  try {
    const paths: string[] = []
    for (const [index, {kind, bytes}] of cases.entries()) {
      const path = join(directory, `${index}.eml`)
      const type = kind === 'html' ? 'text/html' : 'text/plain'
      const head = `From: a@example.com\nContent-Type: ${type}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n`
      await writeFile(path, kind === 'message' ? bytes : Buffer.concat([Buffer.from(head), bytes]))
      paths.push(path)
    }
    const bySource = new Map<string, Explanation>()
    for await (const lines of explain({
      desk: null,
      paths,
      stdin: Readable.from([]),
      clock: systemClock,
      signal: new AbortController().signal,
      onUnusable: () => {},
      onLeftOut: () => {},
      onNoMail: () => {},
    }))
      for (const line of lines) {
        const explanation = JSON.parse(line.toString()) as Explanation
        bySource.set(explanation.source, explanation)
      }
    return paths.map((path) => bySource.get(path))
  } finally {
    await rm(directory, {recursive: true, force: true})
  }
}

function print(folder: string, cases: number, tallies: ReadonlyMap<string, Tally>, unread: readonly string[]): void {
  const rows = [...tallies].map(([key, {agree, differences}]) => {
    const all = agree + differences.length
    return [key, String(agree), String(all), `${((100 * agree) / all).toFixed(1)} %`]
  })
  process.stdout.write(`${folder}: ${cases} cases\n${table([['', 'agree', 'of', ''], ...rows])}`)
  for (const [key, {differences}] of tallies) {
    const named = options.all ? differences : differences.slice(0, NAMED)
    for (const {name, wanted, got} of named)
      process.stdout.write(safeLine(`  ${key}: ${name}: wanted ${shown(wanted)}, got ${shown(got)}`) + '\n')
    const rest = differences.length - named.length
    if (rest > 0) process.stdout.write(`  ${key}: and ${rest} more\n`)
  }
  for (const line of unread) process.stdout.write(safeLine(`  could not be read: ${line}`) + '\n')
  process.stdout.write('\n')
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`
}
