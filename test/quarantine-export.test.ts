import assert from 'node:assert/strict'
import {appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, test, type TestContext} from 'node:test'
import {exportQuarantined, openQuarantined, type ExportedItem} from '../src/lib/quarantine-export.ts'
import type {QuarantineSelection} from '../src/lib/store/quarantine.ts'
import {NOW} from './support/portal.ts'
import {handIn, strays, withhold} from './support/quarantined.ts'
import {startDesk, type Desk} from './support/seed.ts'
import {STORES} from './support/stores.ts'

async function temporaryDirectory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'postdesk-export-'))
  t.after(() => rm(path, {recursive: true, force: true}))
  return path
}

async function write({store, portal}: Desk, directory: string, selection: QuarantineSelection = {}) {
  const items: ExportedItem[] = []
  for await (const item of exportQuarantined({store, portal, selection, directory})) items.push(item)
  return items
}

const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)
const lines = async (directory: string) =>
  (await readFile(join(directory, 'quarantine.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

for (const kind of STORES)
  describe(`exporting quarantined mail on ${kind}`, () => {
    test('each mail is a file of its bytes, and the index says what is known of it', async (t) => {
      const desk = await startDesk(t, kind)
      // Over several chunks, and with bytes that no text has.
      const large = Buffer.concat([strays(1)[0]!, Buffer.from(Array.from({length: 2_500_000}, (_, i) => i % 256))])
      const [small] = strays(1, {Subject: '\u202Eevil \u2028 \u009B31m', From: '../../etc/passwd <a@b.example>'})
      await handIn(desk, 'nobody@acme.example', [large, small!])
      await withhold(desk, 'oversized', 'Subject: Huge\r\n\r\n')
      await withhold(desk, 'poison', null)
      const directory = join(await temporaryDirectory(t), 'made', 'here')
      const items = await write(desk, directory)
      const ids = items.map(({id}) => id)
      assert.deepEqual(items, [
        {id: ids[0], file: `${ids[0]}-unknown-recipient.eml`, kept: 'whole', outcome: 'written'},
        {id: ids[1], file: `${ids[1]}-unknown-recipient.eml`, kept: 'whole', outcome: 'written'},
        {id: ids[2], file: `${ids[2]}-oversized.headers`, kept: 'header', outcome: 'written'},
        {id: ids[3], file: null, kept: 'nothing', outcome: 'nothing'},
      ])
      assert.ok((await readFile(join(directory, items[0]!.file!))).equals(large))
      assert.ok((await readFile(join(directory, items[1]!.file!))).equals(small!))
      assert.equal(await readFile(join(directory, items[2]!.file!), 'utf8'), 'Subject: Huge\r\n\r\n')
      assert.deepEqual((await readdir(directory)).length, 4, 'three mails and the index')
      assert.equal(await mode(directory), '700')
      for (const name of await readdir(directory)) assert.equal(await mode(join(directory, name)), '600', name)
      const index = await lines(directory)
      assert.deepEqual(
        index.map(({id, reason, kept, file, receivedAt, envelope}) => [id, reason, kept, file, receivedAt, envelope]),
        items.map(({id, kept, file}, at) => [
          id,
          ['unknown-recipient', 'unknown-recipient', 'oversized', 'poison'][at],
          kept,
          file,
          NOW,
          at < 2 ? {recipients: ['nobody@acme.example'], sender: 'jane@example.com'} : null,
        ]),
      )
      assert.equal(index[1]!['source'], `pipe:${desk.portal.id}`)
      assert.match(await readFile(join(directory, 'quarantine.jsonl'), 'latin1'), /^[\n\u0020-~]+$/, 'ASCII alone')
    })

    test('the same export again finds all there; nothing is written over', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.deliver(strays(3))
      const directory = await temporaryDirectory(t)
      const [first] = await write(desk, directory)
      const index = await readFile(join(directory, 'quarantine.jsonl'), 'utf8')
      assert.deepEqual(
        (await write(desk, directory)).map(({outcome}) => outcome),
        ['there', 'there', 'there'],
      )
      assert.equal(await readFile(join(directory, 'quarantine.jsonl'), 'utf8'), index)
      // An export that was killed while it wrote a mail, or a line.
      await rm(join(directory, first!.file!))
      await writeFile(join(directory, `.${first!.file}.part`), 'half')
      await writeFile(join(directory, 'quarantine.jsonl'), index.slice(0, -20))
      assert.equal((await write(desk, directory, {ids: [first!.id]}))[0]!.outcome, 'written')
      assert.deepEqual((await lines(directory)).length, 2)
      await write(desk, directory)
      assert.deepEqual((await lines(directory)).length, 3)
      assert.ok(!(await readdir(directory)).some((name) => name.endsWith('.part')))
      for (const change of [
        (path: string) => appendFile(path, 'more'),
        (path: string) => writeFile(path, ''),
        (path: string) => writeFile(path, 'Something else'),
        async (path: string) => {
          await rm(path)
          await mkdir(path)
        },
        async (path: string) => {
          await rm(path, {recursive: true})
          await symlink(join(directory, 'elsewhere'), path)
        },
      ]) {
        await change(join(directory, first!.file!))
        await assert.rejects(write(desk, directory), {code: 'FILE_EXISTS', exitCode: 73})
      }
      await assert.rejects(stat(join(directory, 'elsewhere')), {code: 'ENOENT'})
    })

    test('an index of somebody else is left as it is', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.deliver(strays(1))
      for (const content of ['notes of mine\n', 'notes of mine', '{"id":1}\nnotes\n{"i']) {
        const directory = await temporaryDirectory(t)
        await writeFile(join(directory, 'quarantine.jsonl'), content)
        await assert.rejects(write(desk, directory), {code: 'FILE_EXISTS', exitCode: 73})
        assert.equal(await readFile(join(directory, 'quarantine.jsonl'), 'utf8'), content)
      }
    })

    test('where the directory is a file it says so', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.deliver(strays(1))
      const path = join(await temporaryDirectory(t), 'file')
      await writeFile(path, '')
      await assert.rejects(write(desk, path), {code: 'CANNOT_WRITE', exitCode: 73})
    })

    test('a damaged mail leaves no file, and the others are written', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.deliver(strays(3))
      const [, second] = await desk.store.db.selectFrom('quarantine').selectAll().orderBy('id').execute()
      await desk.store.db.deleteFrom('raw_chunk').where('raw_id', '=', second!.raw_id!).execute()
      const directory = await temporaryDirectory(t)
      const items = await write(desk, directory)
      assert.deepEqual(
        items.map(({outcome}) => outcome),
        ['written', 'damaged', 'written'],
      )
      assert.equal((await readdir(directory)).length, 3)
    })

    test('one mail can be read by itself', async (t) => {
      const desk = await startDesk(t, kind)
      const [mail] = strays(1)
      await desk.deliver([mail!])
      const {id} = await desk.store.db.selectFrom('quarantine').select('id').executeTakeFirstOrThrow()
      const read = async (id: number) => {
        const pieces: Uint8Array[] = []
        for await (const piece of await openQuarantined(desk.store, desk.portal, id)) pieces.push(piece)
        return Buffer.concat(pieces)
      }
      assert.ok((await read(id)).equals(mail!))
      assert.equal((await read(await withhold(desk, 'oversized', 'Subject: Huge\r\n'))).toString(), 'Subject: Huge\r\n')
      await assert.rejects(read(await withhold(desk, 'poison', null)), {exitCode: 65})
      await assert.rejects(read(9999), {exitCode: 67})
    })
  })
