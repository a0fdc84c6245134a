import {isAscii, isUtf8} from 'node:buffer'
import {MAX_FIELDS} from './limits.ts'
import type {Field} from './message.ts'

/** A header as it was read, with what was odd about it. */
export interface Header {
  /** Topmost first. */
  readonly fields: readonly Field[]
  /** Lines that are no field and no continuation of one. */
  readonly malformedLines: number
  /** Where the first such line starts, counted from the start of the block; -1 where there is none. */
  readonly firstMalformed: number
  /** True where a value had bytes that are not UTF-8, and was read as windows-1252. */
  readonly notUtf8: boolean
  /** True where there were more than `MAX_FIELDS`, and the rest was left out. */
  readonly tooManyFields: boolean
}

/** A field name: printable ASCII without the colon (RFC 5322 2.2), and the spaces that obsolete syntax allows after it. */
const FIELD_NAME = /^([!-9;-~]+)[ \t]*$/

/** TextDecoder turns what is not UTF-8 into U+FFFD; what mail programs mean by such bytes is windows-1252. */
const windows1252 = new TextDecoder('windows-1252')

/**
 * Reads a header block (without the empty line that ends it) into its fields. Never throws, takes linear time.
 * Bare line feeds end a line as well as CRLF does.
 */
export function readHeader(block: Buffer): Header {
  const ascii = isAscii(block)
  const text = block.toString('latin1')
  const fields: Field[] = []
  let malformedLines = 0
  let firstMalformed = -1
  let notUtf8 = false
  let name = ''
  let value = ''

  const store = () => {
    if (name === '') return
    let decoded = value.trim()
    if (!ascii) {
      const bytes = Buffer.from(decoded, 'latin1')
      if (isUtf8(bytes)) decoded = bytes.toString('utf8')
      else {
        notUtf8 = true
        decoded = windows1252.decode(bytes)
      }
    }
    fields.push({name, value: decoded})
    name = ''
  }

  let start = 0
  while (start < text.length && fields.length < MAX_FIELDS) {
    const newline = text.indexOf('\n', start)
    const next = newline === -1 ? text.length : newline + 1
    let end = newline === -1 ? text.length : newline
    if (end > start && text.charCodeAt(end - 1) === 0x0d) end--

    const first = text.charCodeAt(start)
    if (first === 0x20 || first === 0x09) {
      // RFC 5322 2.2.3: unfolding removes the line break and nothing else.
      if (name !== '') value += text.slice(start, end)
    } else if (end > start) {
      store()
      const colon = text.indexOf(':', start)
      const match = colon === -1 || colon >= end ? null : FIELD_NAME.exec(text.slice(start, colon))
      if (match?.[1] === undefined) {
        malformedLines++
        if (firstMalformed === -1) firstMalformed = start
      } else {
        name = match[1].toLowerCase()
        value = text.slice(colon + 1, end)
      }
    }
    start = next
  }
  const tooManyFields = fields.length === MAX_FIELDS && (start < text.length || name !== '')
  if (!tooManyFields) store()
  return {fields, malformedLines, firstMalformed, notUtf8, tooManyFields}
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
