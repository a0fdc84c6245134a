/** The enhanced status code in a text, such as `5.1.1` (RFC 3463 2); null where there is none. */
export function findStatus(text: string): string | null {
  // Not a piece of an IP address or of a version, and not a number in a longer word; but `550-5.7.26` (RFC 5321 4.2.1).
  return (
    /(?<=^|[^\w.-]|(?<!\d)[245]\d\d-)[245]\.\d{1,3}\.\d{1,3}(?![\w.]|-\d)/.exec(
      text.replace(SENTENCE_END, '$1 '),
    )?.[0] ?? null
  )
}

/** A full stop after a status code ends a sentence. */
const SENTENCE_END = /(\d)\.(?=\s|$)/g

/** A reply code of SMTP that refuses (RFC 5321 4.2.1), with what stands after it. */
const REPLY =
  /(?:^|[\s(:<>'"#[=,;/])([45][0-7]\d)(?=[\s:,;)\]'"-]|$)(?![ ]?(?:bytes|byte|[KMG]B|seconds|minutes|hours|days|%))/

/** The place of the first reply code of SMTP in a line; -1 where there is none. */
export function findReply(line: string): number {
  const match = REPLY.exec(line)
  return match === null ? -1 : match.index + match[0].length - 3
}

/** The reply code at the beginning of the first reply in a text, such as `550`; null where there is none. */
export function replyCode(text: string): string | null {
  const at = findReply(text)
  return at === -1 ? null : text.slice(at, at + 3)
}
