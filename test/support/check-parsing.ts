/** What holds of every mail, however odd it is. */
import assert from 'node:assert/strict'
import {createHash} from 'node:crypto'
import {safeJson, safeLine, safeText} from '../../src/lib/cli/safe-text.ts'
import {decodePart} from '../../src/lib/message/decode-part.ts'
import {parseMessage} from '../../src/lib/message/parse.ts'

/** What moves a cursor or turns the reading order, but for the line breaks and tabs of text. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

/** Parses a mail, and says how long that took in milliseconds. @throws where something is not as it has to be. */
export function checkParsing(raw: Buffer): number {
  const started = performance.now()
  const {message, body} = parseMessage(raw)
  const took = performance.now() - started
  assert.ok(!message.defects.some(({code}) => code === 'parse-failed'), 'the parser failed')
  for (const attachment of message.attachments) {
    const bytes = decodePart(raw, attachment)
    assert.equal(bytes.length, attachment.size, `size of part ${attachment.part}`)
    assert.equal(createHash('sha256').update(bytes).digest('hex'), attachment.sha256, `hash of part ${attachment.part}`)
  }
  for (const {address} of [...message.from, ...message.to, ...message.cc, ...message.replyTo]) {
    assert.match(address, /^[^\r\n]+@[^\s@]+$/, 'an address')
  }
  const printed = [safeText(body.text), safeText(body.replyText), safeLine(message.subject), safeJson({message, body})]
  for (const text of printed) assert.ok(!CONTROL.test(text), 'a control character is printed')
  assert.ok(!/[\r\n\t]/.test(safeLine(message.subject)), 'a line break is printed')
  return took
}
