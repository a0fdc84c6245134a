import assert from 'node:assert/strict'
import {mkdtemp, readdir, readFile, rm, stat} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, test} from 'node:test'
import {simpleParser} from 'mailparser'
import {generateMail, outlineMail, writeMaildir} from './mail-generator.ts'

const COUNT = 3000

describe('generated mail', () => {
  test('the same seed gives the same mail, another seed other mail', () => {
    assert.deepEqual(generateMail(41, {seed: 7}), generateMail(41, {seed: 7}))
    assert.notDeepEqual(generateMail(41, {seed: 7}), generateMail(41, {seed: 8}))
  })

  for (const seed of [1, 2026])
    test(`the mix of seed ${seed} is the one that the benchmarks name`, () => {
      const kinds = {text: 0, alternative: 0, attachment: 0}
      const seen = new Map<string, number>()
      const languages = new Set<string>()
      let [bytes, replies, lastDate] = [0, 0, 0]
      for (let index = 0; index < COUNT; index++) {
        const outline = outlineMail(index, {seed})
        kinds[outline.kind]++
        languages.add(outline.language)
        bytes += generateMail(index, {seed}).length
        assert.ok(outline.date.getTime() > lastDate, `the date of ${index} is later than the one before`)
        lastDate = outline.date.getTime()
        assert.ok(!seen.has(outline.messageId), `the Message-ID of ${index} is its own`)
        seen.set(outline.messageId, index)
        if (outline.parent === null) continue
        replies++
        assert.ok(outline.parent < index)
        assert.equal(seen.get(outline.references.at(-1) ?? ''), outline.parent)
      }
      const near = (value: number, wanted: number, distance: number) =>
        assert.ok(Math.abs(value - wanted) <= distance, `${value} is near ${wanted}`)
      near(kinds.text / COUNT, 0.57, 0.01)
      near(kinds.alternative / COUNT, 0.33, 0.01)
      near(kinds.attachment / COUNT, 0.1, 0.01)
      near(replies / COUNT, 0.25, 0.01)
      near(bytes / COUNT, 18_000, 500)
      assert.deepEqual([...languages].sort(), ['de', 'en', 'ja', 'vi'])
    })

  test('another parser reads from the bytes what the outline says', async () => {
    for (let index = 0; index < 60; index++) {
      const [raw, outline] = [generateMail(index), outlineMail(index)]
      assert.ok(!/(^|[^\r])\n/.test(raw.toString('latin1')), 'every line ends with CRLF')
      assert.match(raw.toString('latin1'), /^Delivered-To: /)
      const mail = await simpleParser(raw)
      assert.equal(mail.messageId, `<${outline.messageId}>`)
      assert.equal(mail.subject, outline.subject)
      assert.equal(mail.date?.getTime(), Math.floor(outline.date.getTime() / 1000) * 1000)
      assert.deepEqual(mail.from?.value, [outline.from])
      assert.equal(mail.attachments.length, outline.kind === 'attachment' ? 1 : 0)
      assert.equal(typeof mail.html === 'string', outline.kind === 'alternative')
      assert.ok(mail.text?.includes(outline.from.name), 'the text is signed, in its own letters')
      const references = [mail.references ?? []].flat()
      assert.deepEqual(
        references,
        outline.references.map((id) => `<${id}>`),
      )
      for (const {content} of mail.attachments) {
        const encoded = (content.length / 57) * 78
        assert.ok(encoded > 29_000 && encoded < 201_000, `${encoded} bytes`)
      }
    }
  })

  test('a Maildir of generated mail has each of them, arrived at its Date', async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'postdesk-generated-'))
    t.after(() => rm(directory, {recursive: true, force: true}))
    const {bytes} = await writeMaildir(directory, 30, {seed: 3})
    const names = (await readdir(join(directory, 'new'))).sort()
    assert.equal(names.length, 30)
    let read = 0
    for (const [index, name] of names.entries()) {
      const content = await readFile(join(directory, 'new', name))
      assert.deepEqual(content, generateMail(index, {seed: 3}))
      const {mtime} = await stat(join(directory, 'new', name))
      assert.equal(Math.floor(mtime.getTime() / 1000), Math.floor(outlineMail(index, {seed: 3}).date.getTime() / 1000))
      read += content.length
    }
    assert.equal(read, bytes)
  })
})
