/** What the header of a part says of its content (RFC 2045, RFC 2183), and which contents are looked into. */
import {isAscii} from 'node:buffer'
import {readStructuredHeader, type StructuredHeader} from './structured-header.ts'

/** What a part is that does not say what it is (RFC 2045 5.2). */
export const TEXT_PLAIN: StructuredHeader = {value: 'text/plain', parameters: new Map()}
const MESSAGE: StructuredHeader = {value: 'message/rfc822', parameters: new Map()}

/** RFC 2045 5.2: what is missing or cannot be read is plain text; in a digest, a message (RFC 2046 5.1.5). */
export function contentTypeOf(value: string | null, inDigest: boolean): StructuredHeader {
  if (value === null) return inDigest ? MESSAGE : TEXT_PLAIN
  const type = readStructuredHeader(value)
  if (/^[^\s/]+\/[^\s/]+$/.test(type.value)) return type
  return {value: 'text/plain', parameters: type.parameters}
}

/** Content-Disposition (RFC 2183 2); null where the field is missing. */
export function readDisposition(value: string | null): StructuredHeader | null {
  return value === null ? null : readStructuredHeader(value)
}

/** Content-ID without its angle brackets (RFC 2045 7). */
export function readContentId(value: string | null): string | null {
  const id = value === null ? '' : (/<([^<>]*)>/.exec(value)?.[1] ?? value).trim()
  return id === '' ? null : id
}

/** Types whose beginning intake reads: reports (RFC 3464, 5965, 8098), what they return, invitations (RFC 5545). */
export const EXCERPTED: ReadonlySet<string> = new Set([
  'message/delivery-status',
  'message/global-delivery-status',
  'message/feedback-report',
  'message/disposition-notification',
  'message/global-disposition-notification',
  'message/rfc822',
  'message/global',
  'message/rfc822-headers',
  'message/partial',
  'text/rfc822-headers',
  'message/global-headers',
  'text/calendar',
  'application/ics',
])

/** Types and names under which a winmail.dat comes (MS-OXTNEF 1.1); gateways often know no type for it. */
export function isTnef(contentType: string, filename: string | null): boolean {
  if (contentType === 'application/ms-tnef' || contentType === 'application/vnd.ms-tnef') return true
  return contentType === 'application/octet-stream' && filename !== null && /^win(?:mail)?\.dat$/i.test(filename)
}

/** Where HTML names its charset, if it does (HTML Standard, 13.2.3.2: within its first 1,024 bytes). */
const META_CHARSET = /<meta[^>]{0,200}?charset\s{0,10}=\s{0,10}["']?([\w.:-]{1,40})/i
const META_BYTES = 1024

/** The charset that HTML names itself; null where it names none that can be. */
export function htmlCharset(bytes: Buffer): string | null {
  const name = isAscii(bytes) ? null : (META_CHARSET.exec(bytes.toString('latin1', 0, META_BYTES))?.[1] ?? null)
  // 13.2.3.2 again: who can read this in ASCII does not read UTF-16.
  return name === null || /^utf-?16/i.test(name) ? null : name
}
