import {messageOf as reasonOf} from '../errors.ts'
import {readAddresses} from './addresses.ts'
import {attachmentsOf} from './attachments.ts'
import {readDate} from './date.ts'
import {Digest, TrimmedDigest} from './digest.ts'
import {fingerprint} from './fingerprint.ts'
import {unflow} from './flowed.ts'
import {isForwardSubject, readForwarded} from './forwarded.ts'
import {readForwardingConfirmation} from './forwarding-confirmation.ts'
import {fieldValue, readHeader} from './header.ts'
import {htmlLines, type MarkedLine} from './html-text.ts'
import {invitationOf, invitationText} from './invitation.ts'
import {MAX_ADDRESSES, MAX_FALLBACK_HEADER_BYTES} from './limits.ts'
import type {Address, Body, Defect, Field, Message, ParsedMessage} from './message.ts'
import {readMessageId, readMessageIds} from './message-id.ts'
import {readProbeMark} from './probe-mark.ts'
import {plainLine, splitReply} from './reply-text.ts'
import {readReport} from './report.ts'
import {readSecurity} from './security.ts'
import {scanStructure, StructureScanner, type Structure, type TextContent} from './structure.ts'
import {decodeWords} from './words.ts'

/** Reads a message that is in memory. Never throws: what cannot be read is a defect of the message. */
export function parseMessage(raw: Uint8Array): ParsedMessage {
  return readWhole(scanStructure(raw))
}

/** As `parseMessage`, for a message of any size; memory is that of a piece and of what is kept, which limits.ts bounds. */
export async function parseStream(chunks: AsyncIterable<Uint8Array>): Promise<ParsedMessage> {
  const scanner = new StructureScanner()
  for await (const chunk of chunks) scanner.push(chunk)
  return readWhole(scanner.end())
}

/** The text is read once: a forward tells in it whose mail it passes on. */
function readWhole(structure: Structure): ParsedMessage {
  const told = textOf(structure)
  return {
    message: readMessage(structure, () => told.text),
    body: {text: told.text, html: told.html, ...splitReply(told.text, told.lines)},
  }
}

/** The facts of a message that is in memory, without its text, which costs less. */
export function parseFacts(raw: Uint8Array): Message {
  const structure = scanStructure(raw)
  return readMessage(structure, () => textOf(structure).text)
}

/**
 * What can be said of a message whose parsing did not come to an end: its topmost fields, read in the plainest way,
 * and the hashes. `why` becomes the defect `parse-failed`.
 */
export function describeUnparsed(raw: Uint8Array, why: string): Message {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  const empty = /\r?\n\r?\n/.exec(bytes.toString('latin1', 0, MAX_FALLBACK_HEADER_BYTES))
  const digest = new Digest()
  digest.push(bytes)
  const bodyDigest = new TrimmedDigest()
  if (empty !== null) bodyDigest.push(bytes.subarray(empty.index + empty[0].length), true)
  const structure: Structure = {
    fields: readHeader(bytes.subarray(0, empty?.index ?? MAX_FALLBACK_HEADER_BYTES)).fields,
    leaves: [],
    defects: [],
    size: bytes.length,
    sha256: digest.end(),
    bodySha256: bodyDigest.end(),
  }
  return factsOf(structure, () => '', plainReader, [{code: 'parse-failed', detail: why}])
}

// Facts ---------------------------------------------------------------------------------------------------------------

/** How values of fields are decoded. */
interface FieldReader {
  /** Encoded words of a text (RFC 2047). */
  text(value: string): string
  addresses(value: string): readonly Address[]
}

const wordReader: FieldReader = {text: decodeWords, addresses: readAddresses}

/** For what could not be read: words as they stand, and whatever looks like an address. */
const plainReader: FieldReader = {
  text: (value) => value,
  addresses: (value) =>
    value
      .split(/[\s,;<>"()]+/)
      .flatMap((word) => (/^[^@]+@[^@]+$/.test(word) ? [{name: '', address: lowerDomain(word)}] : [])),
}

/** `text` gives the text of the message, which few facts need. */
function readMessage(structure: Structure, text: () => string): Message {
  try {
    return factsOf(structure, text, wordReader, [])
  } catch (error) {
    return factsOf(structure, text, plainReader, [{code: 'parse-failed', detail: reasonOf(error)}])
  }
}

function factsOf(structure: Structure, text: () => string, reader: FieldReader, found: readonly Defect[]): Message {
  const {fields} = structure
  const defects = [...structure.defects, ...found]
  const value = (name: string) => fieldValue(fields, name)
  const repeated = repeatedFields(fields)
  if (repeated.length > 0) defects.push({code: 'header-repeated', detail: repeated.join(', ')})

  const dateField = value('date')
  const date = dateField === null ? null : readDate(dateField)
  if (dateField !== null && date === null) defects.push({code: 'date-invalid', detail: dateField.slice(0, 100)})

  const addresses = (values: readonly string[]): readonly Address[] => {
    const all = values.flatMap((text) => reader.addresses(text))
    if (all.length > MAX_ADDRESSES) {
      defects.push({code: 'header-too-large', detail: `only the first ${MAX_ADDRESSES} addresses are read`})
    }
    return all.slice(0, MAX_ADDRESSES)
  }
  const first = (name: string) => {
    const text = value(name)
    return text === null ? [] : [text]
  }
  const every = (name: string) => fields.filter((field) => field.name === name).map((field) => field.value)

  const messageId = readMessageId(value('message-id'))
  const subjectField = value('subject') ?? ''
  const subject = reader.text(subjectField)
  const from = addresses(first('from'))
  const report = readReport(structure, subject)
  return {
    messageId,
    inReplyTo: readMessageIds(value('in-reply-to')),
    references: readMessageIds(value('references')),
    subject,
    from,
    // Recipients are never given up: where a program wrote several of these fields, all of them count.
    to: addresses(every('to')),
    cc: addresses(every('cc')),
    replyTo: addresses(first('reply-to')),
    date,
    fields,
    attachments: structure.leaves.flatMap((leaf) => attachmentsOf(leaf, (value) => reader.text(value))),
    security: readSecurity(structure),
    invitation: invitationOf(structure),
    report,
    forwarded: isForwardSubject(subject) ? readForwarded(text()) : null,
    probe: readProbeMark(structure, {messageId, subject, report}, text),
    confirmation: readForwardingConfirmation({from, subject}, text),
    defects,
    size: structure.size,
    sha256: structure.sha256,
    fingerprint: fingerprint({
      messageId,
      date: dateField ?? '',
      from: from.map(({address}) => address),
      subject: subjectField,
      bodySha256: structure.bodySha256,
    }),
  }
}

/** RFC 5321 2.4: the domain does not distinguish case, the local part may. */
function lowerDomain(address: string): string {
  const at = address.lastIndexOf('@')
  return address.slice(0, at + 1) + address.slice(at + 1).toLowerCase()
}

/** Fields that may stand once (RFC 5322 3.6). The topmost counts. */
const SINGLE_FIELDS = new Set([
  'date',
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
  'message-id',
  'in-reply-to',
  'references',
  'subject',
])

function repeatedFields(fields: readonly Field[]): readonly string[] {
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const {name} of fields) {
    if (!SINGLE_FIELDS.has(name)) continue
    if (seen.has(name)) repeated.add(name)
    seen.add(name)
  }
  return [...repeated]
}

// Body ----------------------------------------------------------------------------------------------------------------

/** A text for people. */
interface Told {
  readonly text: string
  /** The lines of `text` with what their markup says of them; null where it was plain. */
  readonly lines: readonly MarkedLine[] | null
}

const plain = (text: string): Told => ({text: withLineFeeds(text), lines: null})

function fromHtml(html: string): Told {
  const lines = htmlLines(html)
  return {text: lines.map(({text}) => text).join('\n'), lines}
}

/** Texts one below the other. */
function joined(all: readonly Told[]): Told {
  if (all.length === 1) return all[0]!
  const text = all.map(({text}) => text).join('\n')
  const isPlain = all.every(({lines}) => lines === null)
  return {text, lines: isPlain ? null : all.flatMap(({text, lines}) => lines ?? text.split('\n').map(plainLine))}
}

/**
 * The text leaves as a person reads them: of each multipart/alternative the plain leaves, or its HTML where there is
 * no plain one (RFC 2046 5.1.4), one after the other.
 */
function textOf(structure: Structure): Told & Pick<Body, 'html'> {
  const sections = new Map<number | string, {plain: Told[]; html: string[]}>()
  const html: string[] = []
  for (const leaf of structure.leaves) {
    const key = leaf.alternative ?? leaf.part
    const section = sections.get(key) ?? {plain: [], html: []}
    sections.set(key, section)
    const {content} = leaf
    if (content.kind === 'text') {
      const isHtml = leaf.contentType === 'text/html'
      if (isHtml) html.push(content.text)
      // An empty plain part beside HTML is what some programs write that know only HTML.
      if (content.text.trim() === '') continue
      if (isHtml) section.html.push(content.text)
      else section.plain.push(plain(textOfPlain(content)))
    } else if (content.cms?.inner) {
      const signed = textOf(content.cms.inner)
      if (signed.html !== null) html.push(signed.html)
      if (signed.text.trim() !== '') section.plain.push(signed)
    }
  }
  const read = [...sections.values()].flatMap(({plain, html}) => (plain.length > 0 ? plain : html.map(fromHtml)))
  const told = joined(read.filter(({text}) => text !== ''))
  return told.text.trim() === '' && html.length === 0
    ? textOfOthers(structure, told)
    : {...told, html: html.length > 0 ? html.join('\n') : null}
}

/** Text of a plain part, its soft line breaks removed. */
function textOfPlain({text, flowed}: TextContent): string {
  return flowed === undefined ? text : unflow(withLineFeeds(text), flowed.delSp)
}

/** Lines of mail end with CR LF, also in a text that was turned into that twice; text for people has line feeds. */
const withLineFeeds = (text: string): string => text.replace(/\r?\r\n|\r/g, '\n')

/** What a person reads of a message without a text part: what its winmail.dat says, or its invitation; else `none`. */
function textOfOthers(structure: Structure, none: Told): Told & Pick<Body, 'html'> {
  for (const {content} of structure.leaves) {
    const tnef = content.kind === 'opaque' ? content.tnef : undefined
    if (tnef === undefined || (tnef.text === null && tnef.html === null)) continue
    return {...(tnef.text === null ? fromHtml(tnef.html ?? '') : plain(tnef.text)), html: tnef.html}
  }
  const invitation = invitationOf(structure)
  return {...(invitation === null ? none : plain(invitationText(invitation))), html: null}
}
