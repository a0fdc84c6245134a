import {readAddresses} from '../addresses.ts'
import {fieldValue, readHeader} from '../header.ts'
import {readMessageId, readMessageIds} from '../message-id.ts'
import type {Field, ReturnedMessage} from '../message.ts'
import type {Structure} from '../structure.ts'
import {decodeWords} from '../words.ts'
import {oneLine} from './field-groups.ts'
import {findAddresses} from './report-address.ts'

/** A returned mail, with what its header says of where it went. */
export interface ReturnedHeader extends ReturnedMessage {
  /** The addresses it was sent to, in order; of the envelope where its header tells them. */
  readonly recipients: readonly string[]
  /** The addresses it came from. */
  readonly senders: readonly string[]
}

/** Types of parts that return a mail or its header (RFC 6522 3, RFC 6533 4). */
const RETURNING: ReadonlySet<string> = new Set([
  'message/rfc822',
  'message/global',
  // Bigfoot cuts what it returns, and says so.
  'message/partial',
  'message/rfc822-headers',
  'text/rfc822-headers',
  'message/global-headers',
])

/** The text of the returned mail, as far as it is a part of its own; null where none is. */
export function returnedPart(structure: Structure): string | null {
  for (const leaf of structure.leaves) {
    if (leaf.content.kind !== 'opaque' || !RETURNING.has(leaf.contentType)) continue
    if (leaf.content.excerpt !== null && leaf.content.excerpt.trim() !== '') return leaf.content.excerpt
  }
  return null
}

/**
 * The subject that a notice tells of a mail that it does not return: `  Subject: Lunch` (Exchange, Domino, Verizon). Null
 * where it tells none.
 */
export function toldSubject(lines: readonly string[]): string | null {
  for (const line of lines) {
    const subject = /^\s{0,20}(?:original )?subject\s?:\s*(\S.*)$/i.exec(line)?.[1]
    if (subject !== undefined) return oneLine(decodeWords(subject))
  }
  return null
}

/** Reads the header at the beginning of a returned mail. */
export function readReturnedHeader(text: string): ReturnedHeader {
  const start = /^(?:[ \t]*\r?\n)*/.exec(text)?.[0].length ?? 0
  const end = text.slice(start).search(/\r?\n[ \t]*\r?\n/)
  const {fields} = readHeader(Buffer.from(end === -1 ? text.slice(start) : text.slice(start, start + end), 'utf8'))
  const subject = fieldValue(fields, 'subject')
  return {
    messageId: readMessageId(fieldValue(fields, 'message-id')),
    subject: subject === null ? null : oneLine(decodeWords(subject)),
    recipients: recipientsOf(fields),
    senders: SENDER_FIELDS.flatMap((name) => addressesOf(fieldValue(fields, name))),
  }
}

/** Where the envelope of the mail is told, in this order: Exim, Postfix and qmail, others. */
const ENVELOPE_FIELDS = ['envelope-to', 'x-envelope-to', 'x-original-to', 'x-rcpt-to']
const SENDER_FIELDS = ['return-path', 'from', 'sender', 'reply-to']

function recipientsOf(fields: readonly Field[]): readonly string[] {
  for (const name of ENVELOPE_FIELDS) {
    const addresses = addressesOf(fieldValue(fields, name))
    if (addresses.length > 0) return addresses
  }
  return [...new Set([...addressesOf(fieldValue(fields, 'to')), ...addressesOf(fieldValue(fields, 'cc'))])]
}

/** Addresses of a field; of one that is no list of them, whatever looks like an address. */
export function addressesOf(value: string | null): readonly string[] {
  if (value === null) return []
  const start = value.slice(0, MAX_ADDRESS_FIELD_CHARS)
  const listed = readAddresses(start)
  return (listed.length > 0 ? listed : findAddresses(start)).map(({address}) => address)
}

/** Characters of an address field of a returned mail that are read: a mail to hundreds tells nothing of one of them. */
const MAX_ADDRESS_FIELD_CHARS = 16 * 1024

/**
 * The mail that is meant where nothing of it is returned: Gmail and others thread the report to it, or name it in a
 * field of their own.
 */
export function meantMessageId(fields: readonly Field[]): string | null {
  for (const name of ['x-original-message-id', 'in-reply-to', 'references']) {
    const id = readMessageIds(fieldValue(fields, name)).at(-1)
    if (id !== undefined) return id
  }
  return null
}
