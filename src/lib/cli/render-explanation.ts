/** What would become of a mail, as a person reads it who looks for the reason in the middle of the night. */
import type {Checked, Difference} from '../expectations.ts'
import type {Explanation, ExplainedMessage} from '../explain-result.ts'
import {invitationText} from '../message/invitation.ts'
import type {Address} from '../message/message.ts'
import {cutLine} from './cut-line.ts'
import {formatBytes} from './format-bytes.ts'
import {securityText} from './remarks.ts'
import {safeLine, safeText} from './safe-text.ts'
import type {Style} from './style.ts'
import {wrapText} from './wrap-text.ts'

/** Columns beyond which lines of text become hard to read, however wide the terminal is. */
const WIDEST = 100
/** Lines of the written words that are shown. */
const SHOWN_LINES = 12
/** Characters looked at for them: a mail may have megabytes on a line. */
const SHOWN_CHARACTERS = 4000
/** Of lists with no natural end, how many are named; the rest are counted. */
const NAMED = 5
/** Characters of a value in a difference. */
const SHOWN_VALUE = 300
/** Columns of a subject, and of any other field: some addresses, or reasons. A sender has megabytes for each. */
const SHOWN_SUBJECT = 200
const SHOWN_FIELD = 1000
/** Columns of the labels. */
const LABEL = 12

export function renderExplanation(explanation: Explanation, style: Style): string {
  const {colour} = style
  const {message, verdict, recipientMatch, thread, route, autoReply, quarantine, duplicate} = explanation
  const width = style.width === null ? null : Math.min(style.width, WIDEST)
  const wrap = (text: string, columns: number) => (width === null ? text.split('\n') : wrapText(text, width - columns))
  const entry = (label: string, values: readonly string[]): string[] =>
    values
      .flatMap((value) => wrap(cutLine(value, SHOWN_FIELD), LABEL))
      .map((line, index) => `${index === 0 ? colour.dim(label.padEnd(LABEL)) : ' '.repeat(LABEL)}${line}`)
  return [
    ...wrap(safeLine(explanation.source), 0).map((line) => colour.bold(line)),
    ...entry('Subject', [cutLine(message.subject, SHOWN_SUBJECT) || '(no subject)']),
    ...entry('From', [addresses(message.from)]),
    ...entry('Requester', describeRequester(explanation)),
    ...entry('To', [addresses([...message.to, ...message.cc])]),
    ...entry('Date', [message.date ?? '–']),
    ...entry('It is', [describeVerdict(verdict)]),
    ...entry('For', [recipientMatch ? describeRecipient(recipientMatch) : 'no address of this portal']),
    ...(quarantine ? entry('Waits', [`in the quarantine: ${quarantine.reason} (${quarantine.why})`]) : []),
    ...(duplicate ? entry('Nothing', [`is done: ${duplicate.why}`]) : []),
    ...(isProbe(explanation) ? entry('Nothing', ['is done but to note that it came']) : []),
    ...entry('Ticket', [
      describeThread(explanation),
      ...named(thread.rejected.map((one) => `not by ${one.method} ${one.value}: ${one.why}`)),
    ]),
    ...(quarantine || duplicate || isProbe(explanation)
      ? []
      : entry('Queue', [`${route.queue ?? '–'}, ${route.owner ?? 'nobody'} (${route.why})`])),
    ...entry('Answer', [`${autoReply.send ? 'an automatic reply' : 'none'}: ${autoReply.why}`]),
    ...(message.security === null ? [] : entry('Signed', [securityText(message.security)])),
    ...entry(
      'Invitation',
      message.invitation === null
        ? []
        : [
            invitationText({...message.invitation, description: null})
              .trim()
              .replaceAll('\n', '; '),
          ],
    ),
    ...entry('Defects', named(message.defects.map(({code, detail}) => `${code}: ${detail}`))),
    ...entry('Attached', named(describeAttachments(message))),
    '',
    ...writtenWords(message, wrap).map((line) => `  ${line}`),
    '',
  ]
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}

/** What came of a file of cases. */
export function renderChecked({cases, differences, withoutCase}: Checked, style: Style): string {
  const {colour} = style
  const failed = new Set(differences.map(({source}) => source)).size
  const mark = failed === 0 ? colour.green('✓') : colour.red('✗')
  const lines = [
    ...differences.map(renderDifference),
    ...named(withoutCase).map((source) => `${colour.yellow('!')} ${safeLine(source)}: no case is for it`),
    `${mark} ${cases} ${cases === 1 ? 'case' : 'cases'}, ${failed === 0 ? 'all as expected' : `${failed} not as expected`}`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function renderDifference({source, path, expected, got}: Difference): string {
  const value = (what: unknown) => cut(JSON.stringify(what), SHOWN_VALUE)
  // A mail is never null as a whole: then there is none.
  if (path === '' && got === null) return safeLine(`${source}: no mail of that name was read`)
  const place = path === '' ? '' : ` ${path}`
  return safeLine(`${source}:${place} expected ${value(expected)}, got ${value(got)}`)
}

const describeVerdict = ({kind, reason, header, bounces = []}: Explanation['verdict']) =>
  [
    `${VERDICTS[kind]}: ${reason}${header === undefined ? '' : ` (${header})`}`,
    ...named(
      bounces.map(
        (bounce) =>
          `${bounce.recipient || 'somebody'} ${bounce.action} ${bounce.status ?? ''}, ${bounce.reason}, ${bounce.permanent ? 'for good' : 'for now'}`,
      ),
    ),
  ].join('; ')

const VERDICTS: Readonly<Record<Explanation['verdict']['kind'], string>> = {
  human: 'mail of a person',
  'auto-reply': 'an automatic reply',
  bulk: 'bulk mail',
  bounce: 'a delivery report',
  report: 'a report of a machine',
  loop: 'a loop',
  own: 'mail of our own',
}

/** Whose ticket it would be, where that is not who wrote the mail. */
function describeRequester({requester, message}: Explanation): string[] {
  if (requester === null) return []
  const {forwardedBy} = requester
  const isWriter = requester.address.toLowerCase() === message.from[0]?.address.toLowerCase()
  if (isWriter && forwardedBy === undefined) return []
  return [`${addresses([requester])}${forwardedBy === undefined ? '' : `, forwarded by ${forwardedBy}`}`]
}

const describeRecipient = ({channel, address, header}: NonNullable<Explanation['recipientMatch']>) =>
  `${channel}, ${header === 'envelope' ? 'by the envelope' : `by the field ${header}`}${address.toLowerCase() === channel ? '' : ` that names ${address}`}`

/** Mail of our own is in a ticket already; a probe is in none. */
const isProbe = ({verdict, duplicate}: Explanation): boolean => verdict.kind === 'own' && duplicate === null

function describeThread(explanation: Explanation): string {
  const {thread, quarantine, duplicate} = explanation
  const place = thread.openedBy === null ? `ticket ${thread.ticket}` : `the ticket that ${thread.openedBy} opens`
  if (duplicate) return `${place}, where it is already`
  if (thread.method === 'new') return quarantine || isProbe(explanation) ? 'none' : 'a new one'
  return `${place}, by ${thread.method} ${thread.value ?? ''}${thread.reopens ? ', which it opens again' : ''}`
}

const describeAttachments = ({attachments}: ExplainedMessage) =>
  attachments.map(
    ({filename, contentType, size, inline}) =>
      `${filename ?? '(no name)'} (${contentType}, ${formatBytes(size)}${inline ? ', in the text' : ''})`,
  )

/** The beginning of what the person wrote. */
function writtenWords(
  {replyText, text}: ExplainedMessage,
  wrap: (text: string, columns: number) => string[],
): string[] {
  const start = safeText(replyText.slice(0, SHOWN_CHARACTERS)).replace(/^\n+/, '').trimEnd()
  if (start === '') return [text.trim() === '' ? '(no text)' : '(nothing but quoted text)']
  const lines = wrap(start, 2)
  const isWhole = lines.length <= SHOWN_LINES && replyText.length <= SHOWN_CHARACTERS
  return [...lines.slice(0, SHOWN_LINES), ...(isWhole ? [] : ['…'])]
}

function addresses(list: readonly Address[]): string {
  if (list.length === 0) return '–'
  return named(list.map(({name, address}) => (name === '' ? address : `${name} <${address}>`))).join(', ')
}

function named(values: readonly string[]): string[] {
  if (values.length <= NAMED) return [...values]
  return [...values.slice(0, NAMED), `and ${values.length - NAMED} more`]
}

const cut = (text: string, length: number) => (text.length <= length ? text : `${text.slice(0, length)}…`)
