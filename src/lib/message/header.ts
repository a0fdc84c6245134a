import {isAscii, isUtf8} from 'node:buffer'
import {decodeClean} from './charset.ts'
import {MAX_FIELDS} from './limits.ts'
import type {Field} from './message.ts'
import {readStructuredHeader} from './structured-header.ts'

/** A header as it was read, with what was odd about it. */
export interface Header {
  /** Topmost first. */
  readonly fields: readonly Field[]
  /** Lines that are no field and no continuation of one. */
  readonly malformedLines: number
  /** Where the first such line starts, counted from the start of the block; -1 where there is none. */
  readonly firstMalformed: number
  /** True where a value had bytes that are not UTF-8, and was read in the charset that the mail names, or windows-1252. */
  readonly notUtf8: boolean
  /** True where there were more than `MAX_FIELDS`, and the rest was left out. */
  readonly tooManyFields: boolean
}

/** A field name: printable ASCII without the colon (RFC 5322 2.2), and the spaces that obsolete syntax allows after it. */
const FIELD_NAME = /^([!-9;-~]+)[ \t]*$/

/** TextDecoder turns what is not UTF-8 into U+FFFD; what mail programs mean by such bytes is windows-1252. */
const windows1252 = new TextDecoder('windows-1252')

/** The envelope line of an mbox (RFC 4155), also with the `>` that some programs add, and no field. */
const MBOX_LINE = /^>?From [^:]/

/**
 * Reads a header block (without the empty line that ends it) into its fields. Never throws, takes linear time.
 * Bare line feeds end a line as well as CRLF does; bare carriage returns do where there is no line feed at all.
 * Values with raw bytes are UTF-8, or else in the charset that the block names for its body, or in `charset`, if it
 * can be read as that, or else windows-1252.
 */
export function readHeader(block: Buffer, charset: string | null = null): Header {
  const ascii = isAscii(block)
  const bytes = block.toString('latin1')
  const text = bytes.includes('\n') ? bytes : bytes.replaceAll('\r', '\n')
  const fields: Field[] = []
  let malformedLines = 0
  let firstMalformed = -1
  let name = ''
  let value = ''

  const store = () => {
    if (name === '') return
    fields.push({name, value: value.trim()})
    name = ''
  }

  let start = 0
  while (start < text.length && fields.length < MAX_FIELDS) {
    const newline = text.indexOf('\n', start)
    const next = newline === -1 ? text.length : newline + 1
    let end = newline === -1 ? text.length : newline
    // A line break that was turned into CRLF twice has two carriage returns.
    while (end > start && text.charCodeAt(end - 1) === 0x0d) end--

    const first = text.charCodeAt(start)
    if (first === 0x20 || first === 0x09) {
      // RFC 5322 2.2.3: unfolding removes the line break and nothing else.
      if (name !== '') value += text.slice(start, end)
    } else if (end > start && !MBOX_LINE.test(text.slice(start, start + 7))) {
      store()
      const line = text.slice(start, end)
      const colon = line.indexOf(':')
      const match = colon === -1 ? null : FIELD_NAME.exec(line.slice(0, colon))
      if (match?.[1] === undefined) {
        malformedLines++
        if (firstMalformed === -1) firstMalformed = start
      } else {
        name = match[1].toLowerCase()
        value = line.slice(colon + 1)
      }
    }
    start = next
  }
  const tooManyFields = fields.length === MAX_FIELDS && (start < text.length || name !== '')
  if (!tooManyFields) store()
  if (ascii) return {fields, malformedLines, firstMalformed, notUtf8: false, tooManyFields}
  return {...decodeRaw(fields, charset), malformedLines, firstMalformed, tooManyFields}
}

/** Decodes values that hold bytes. */
function decodeRaw(raw: readonly Field[], charset: string | null): Pick<Header, 'fields' | 'notUtf8'> {
  const contentType = fieldValue(raw, 'content-type')
  const own = contentType === null ? null : (readStructuredHeader(contentType).parameters.get('charset') ?? null)
  let notUtf8 = false
  const fields = raw.map(({name, value}) => {
    const bytes = Buffer.from(value, 'latin1')
    if (isUtf8(bytes)) return {name, value: bytes.toString('utf8')}
    notUtf8 = true
    const named =
      (own === null ? null : decodeClean(bytes, own)) ?? (charset === null ? null : decodeClean(bytes, charset))
    return {name, value: named ?? windows1252.decode(bytes)}
  })
  return {fields, notUtf8}
}

/** The value of the topmost field of that name (lower case), null where there is none. */
export function fieldValue(fields: readonly Field[], name: string): string | null {
  for (const field of fields) if (field.name === name) return field.value
  return null
}

/** The header of a message, with the empty line that ends it; all of it where there is none. Takes linear time. */
export function headerOf(raw: Uint8Array): Uint8Array {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  for (let line = 0; line < bytes.length;) {
    const newline = bytes.indexOf(0x0a, line)
    if (newline === -1) break
    if (newline === line || (newline === line + 1 && bytes[line] === 0x0d)) return raw.subarray(0, newline + 1)
    line = newline + 1
  }
  return raw
}
