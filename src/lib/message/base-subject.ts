/**
 * Words for "reply" and "forward" before a colon: English of RFC 5256, and what mail programs write in German (AW, WG),
 * Dutch (Antw, Doorst), the Nordic languages (SV, VS, VB, VL), French (TR, RÉF), Spanish and Portuguese (RV, RES, ENC),
 * Italian (R, RIF, I), Polish (Odp, PD), Turkish (YNT, İLT), Hungarian (Vá, Továbbítás) and Chinese.
 */
const WORDS =
  'fwd?|re|aw|wg|antw|antwort|antwoord|doorst|sv|vs|vb|vl|tr|réf|rv|res|enc|rif|r|i|odp|pd|ynt|ilt|i̇lt|vá|továbbítás|回复|回覆|答复|转发|轉寄'

/** A word, maybe counted (`Re[5]`, `Re(2)`, `Re^3`, `Re2`), maybe with a blob (RFC 5256 subj-refwd), and its colon. */
const REPLY_OR_FORWARD = new RegExp(
  `(?:${WORDS})(?:[ \\t]*(?:\\^\\d{1,4}|\\(\\d{1,4}\\)|\\d{1,4}))?[ \\t]*(?:\\[[^\\[\\]]{0,200}\\][ \\t]*)?[:：]`,
  'iuy',
)

/** RFC 5256 subj-blob: `[tag]`, as lists write it. */
const BLOB = /\[[^[\]]*\][ \t]*/y

const TRAILER = '(fwd)'
const FORWARD_HEADER = '[fwd:'

/**
 * The subject without marks of replies, forwards and lists (RFC 5256 2.1, and the words of other languages), for
 * telling whether two mails are about the same. The case of letters is kept. Takes linear time.
 */
export function baseSubject(subject: string): string {
  // Step 1. Encoded words are decoded already.
  const text = subject.replace(/\s+/g, ' ').trim()
  let start = 0
  let end = text.length
  for (;;) {
    end = withoutTrailers(text, start, end)
    start = withoutLeaders(text, start, end)
    // Step 6
    if (end - start <= FORWARD_HEADER.length || text[end - 1] !== ']') break
    if (text.slice(start, start + FORWARD_HEADER.length).toLowerCase() !== FORWARD_HEADER) break
    start += FORWARD_HEADER.length
    end--
  }
  return text.slice(start, end)
}

/** Step 2: removes `(fwd)` and spaces at the end. */
function withoutTrailers(text: string, start: number, from: number): number {
  let end = from
  for (;;) {
    if (end > start && text[end - 1] === ' ') end--
    else if (end - start >= TRAILER.length && text.slice(end - TRAILER.length, end).toLowerCase() === TRAILER) {
      end -= TRAILER.length
    } else return end
  }
}

/** Steps 3 to 5: removes leaders, and blobs as long as something remains. Each character is looked at a few times. */
function withoutLeaders(text: string, from: number, end: number): number {
  let start = from
  for (;;) {
    while (start < end && text[start] === ' ') start++
    let lastBlob = start
    let afterBlobs = start
    for (;;) {
      const next = matchAt(BLOB, text, afterBlobs, end)
      if (next === -1) break
      lastBlob = afterBlobs
      afterBlobs = next
    }
    const next = matchAt(REPLY_OR_FORWARD, text, afterBlobs, end)
    if (next === -1) return afterBlobs < end ? afterBlobs : lastBlob
    start = next
  }
}

/** The place after a match of a sticky pattern, -1 where there is none before `end`. */
function matchAt(pattern: RegExp, text: string, at: number, end: number): number {
  pattern.lastIndex = at
  return pattern.test(text) && pattern.lastIndex <= end ? pattern.lastIndex : -1
}
