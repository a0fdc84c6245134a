/** Real and odd mails that are not part of the repository. docs/conformance.md explains where postdesk differs. */
import assert from 'node:assert/strict'
import {createHash} from 'node:crypto'
import {describe, test} from 'node:test'
import {decodePart} from '../../src/lib/message/decode-part.ts'
import {parseMessage} from '../../src/lib/message/parse.ts'
import {scanStructure} from '../../src/lib/message/structure.ts'
import {corpusCases, corpusFolders, type CorpusCase} from '../support/corpus.ts'

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** The decoded bytes of the leaves, those of messages within among them. */
function leavesOf(raw: Buffer): Buffer[] {
  return scanStructure(raw).leaves.flatMap((leaf) => {
    const bytes = decodePart(raw, leaf)
    return /^message\/(?:rfc822|global)$/.test(leaf.contentType) ? leavesOf(bytes) : [bytes]
  })
}

/** mime4j reads lines of mail with their CRLF restored. */
const withCrlf = (raw: Buffer) => Buffer.from(raw.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1')

/** Leaves that differ on purpose: docs/conformance.md, table "mime4j". */
const DIFFERENT: Readonly<Record<string, number>> = {
  'malformedHeaderStartsBody-nocrlfcrlf.eml': 1,
  'mt-frag.eml': 1,
  'mt-multi-frag.eml': 1,
}
/** A multipart without any of its boundaries is shown as text, instead of nothing. */
const MORE_LEAVES: ReadonlySet<string> = new Set(['missing-boundary.eml'])

/** The greatest share of leaves that may differ. */
const MAX_DIFFERENT_SHARE = 0.05

const mime4j = corpusCases('mime4j').filter(({expect}) => expect.leaves !== undefined)
describe('leaves of mime4j', {skip: mime4j.length === 0 && 'the corpus is not there'}, () => {
  const hashes = ({expect}: CorpusCase) => (expect.leaves ?? []).map(({sha256}) => sha256)

  for (const item of mime4j) {
    test(`${item.file} are byte for byte the same`, () => {
      const [sent, restored] = [leavesOf(item.bytes), leavesOf(withCrlf(item.bytes))]
      const expected = hashes(item)
      if (!MORE_LEAVES.has(item.file)) assert.equal(sent.length, expected.length)
      const different = expected.filter(
        (hash, index) => ![sent, restored].some((leaves) => sha256(leaves[index]!) === hash),
      )
      assert.equal(different.length, DIFFERENT[item.file] ?? 0)
    })
  }

  test('differ in few', () => {
    const all = mime4j.reduce((sum, item) => sum + hashes(item).length, 0)
    const different = Object.values(DIFFERENT).reduce((sum, count) => sum + count, 0)
    assert.ok(different / all <= MAX_DIFFERENT_SHARE, `${different} of ${all}`)
  })
})

for (const folder of corpusFolders()) {
  const messages = corpusCases(folder).filter(({kind}) => kind === 'message')
  describe(`mails of ${folder}`, {skip: messages.length === 0 && 'there are none'}, () => {
    for (const {file, bytes} of messages) {
      test(`${file} is read whole`, () => {
        const {message, body} = parseMessage(bytes)
        const {defects, attachments} = message
        assert.ok(!defects.some(({code}) => code === 'parse-failed'))
        for (const attachment of attachments) assert.equal(sha256(decodePart(bytes, attachment)), attachment.sha256)
        for (const text of [message.subject, body.text, ...message.from.map(({name}) => name)])
          assert.ok(!text.includes('\ufffd'), `a lost character: ${JSON.stringify(text.slice(Math.max(0, text.indexOf('\ufffd') - 40)).slice(0, 80))}`) // prettier-ignore
      })
    }
  })
}
