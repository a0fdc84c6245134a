/** The subjects of answers. */
import {baseSubject} from './base-subject.ts'
import {oneLine} from './encode-words.ts'

/** Characters of a subject. No person writes or reads more, and a server need not take a header of any size. */
const MAX_SUBJECT_CHARS = 1000

/** A tag, but for one that belongs to a word of answering (`Re[5]:`). */
const TAGS = /\[[^[\]]*\](?! ?[:：])/g

/**
 * The subject of an answer: one "Re: ", whatever marks of answers and forwards stood before, in any language. What stands in
 * brackets before the words stays: it may be a word of the person ("[Urgent]"), and without it programs see another thread.
 */
export function replySubject(subject: string): string {
  const line = oneLine(subject)
  const base = baseSubject(line)
  const before = line.slice(0, line.lastIndexOf(base))
  const tags = new Set(before.match(TAGS))
  return ['Re:', ...tags, shortened(base)].join(' ').trim()
}

/**
 * The subject with the tag by which an answer finds its ticket where all else is lost (`taggedNumbers` in
 * intake/match-thread.ts). Behind the marks of an answer, where it does not change the base subject (RFC 5256 2.1).
 */
export function taggedSubject(subject: string, portalKey: string, ticketNumber: number): string {
  const tag = `[#${portalKey}-${ticketNumber}]`
  const line = oneLine(subject)
  if (line.toLowerCase().includes(tag.toLowerCase())) return line
  const mark = /^re: ?/i.exec(line)?.[0] ?? ''
  return `${mark}${tag} ${line.slice(mark.length)}`.trim()
}

const shortened = (text: string): string =>
  text.length <= MAX_SUBJECT_CHARS ? text : `${text.slice(0, MAX_SUBJECT_CHARS).replace(/[\ud800-\udbff]$/, '')}…`
