import {MAX_MESSAGE_ID_LENGTH, MAX_REFERENCES, MAX_REFERENCES_OLDEST} from './limits.ts'

/**
 * The message ids of a field, without angle brackets, in order, each once (RFC 5322 3.6.4). Commas, comments and other
 * junk between ids is skipped; white space within an id is a fold in the wrong place and removed. Where no id has
 * brackets, bare words with an `@` are taken.
 */
export function readMessageIds(value: string | null): readonly string[] {
  if (value === null || value === '') return []
  const ids = new Set<string>()
  let open = value.indexOf('<')
  while (open !== -1) {
    const close = value.indexOf('>', open)
    if (close === -1) break
    // The innermost bracket counts: `<<id@host>`.
    const start = value.lastIndexOf('<', close) + 1
    add(ids, value.slice(start, close).replace(/\s+/g, ''))
    open = value.indexOf('<', close)
  }
  if (ids.size === 0) {
    for (const word of value.split(/[\s,;<>]+/)) if (word.includes('@')) add(ids, word)
  }
  const all = [...ids]
  if (all.length <= MAX_REFERENCES) return all
  return [...all.slice(0, MAX_REFERENCES_OLDEST), ...all.slice(MAX_REFERENCES_OLDEST - MAX_REFERENCES)]
}

/** The id of Message-ID: the first of the field, null where there is none. An id without `@` counts here. */
export function readMessageId(value: string | null): string | null {
  if (value === null) return null
  const first = readMessageIds(value)[0]
  if (first !== undefined) return first
  const bare = value.trim()
  return bare !== '' && bare.length <= MAX_MESSAGE_ID_LENGTH && !/[\s<>]/.test(bare) ? bare : null
}

function add(ids: Set<string>, id: string): void {
  if (id !== '' && id.length <= MAX_MESSAGE_ID_LENGTH) ids.add(id)
}
