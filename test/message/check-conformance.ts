import assert from 'node:assert/strict'

/** Fields that stand once at most (RFC 5322 3.6), and those that must stand. */
const SINGLE = [
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
  'subject',
  'date',
  'message-id',
  'in-reply-to',
  'references',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'auto-submitted',
  'x-postdesk-instance',
]
const REQUIRED = ['from', 'subject', 'date', 'message-id', 'mime-version', 'content-type']

const ID_FIELDS = new Set(['message-id', 'in-reply-to', 'references'])

const MAX_LINE = 998
/** RFC 2047 2. */
const MAX_ENCODED_LINE = 76

/** Fails where bytes are no mail as RFC 5322 and RFC 2045 to 2047 want it. `utf8`: the header may be UTF-8 (RFC 6532). */
export function checkConformance(raw: Buffer, utf8: boolean): void {
  const bytes = raw.toString('latin1')
  assert.ok(bytes.endsWith('\r\n'), 'the last line ends')
  assert.doesNotMatch(bytes, /\r(?!\n)|(?<!\r)\n/, 'lines end in CRLF')
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  assert.doesNotMatch(bytes, /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/, 'no control characters')
  const lines = bytes.split('\r\n')
  for (const line of lines) assert.ok(line.length <= MAX_LINE, `a line of ${line.length}: ${line.slice(0, 100)}`)
  const end = bytes.indexOf('\r\n\r\n')
  assert.doesNotMatch(bytes.slice(end), /[\x80-\xff]/, 'the body is of seven bits')
  const header = bytes.slice(0, end)
  if (!utf8) assert.doesNotMatch(header, /[\x80-\xff]/, 'the header is ASCII')
  const names: string[] = []
  for (const line of header.split('\r\n')) {
    // RFC 5322 3.2.2: no folded line is blank.
    assert.notEqual(line.trim(), '', 'a blank line in the header')
    if (!line.startsWith(' ')) {
      const name = /^([A-Za-z-]+): \S/.exec(line)?.[1]
      assert.ok(name !== undefined || line === 'Subject: ', `no field: ${line}`)
      names.push((name ?? 'Subject').toLowerCase())
    }
    // RFC 2047 5: there are no encoded words in an id, whatever it looks like.
    if (!line.includes('=?') || ID_FIELDS.has(names.at(-1)!)) continue
    assert.ok(line.length <= MAX_ENCODED_LINE, `${line.length} with encoded words: ${line}`)
    for (const word of line.match(/=\?[^ ]*/g) ?? [])
      assert.match(word, /^=\?utf-8\?(?:B\?[A-Za-z0-9+/]+=*|Q\?[!->@-~]+)\?=,?$/, word)
  }
  for (const name of SINGLE) assert.ok(names.filter((each) => each === name).length <= 1, `several ${name}`)
  for (const name of REQUIRED) assert.ok(names.includes(name), `no ${name}`)
  assert.equal(names.includes('bcc') || names.includes('x-mailer'), false)
}
