/** Mail that real MTAs hand to `email deliver`, set up as docs/mta.md says. */
import assert from 'node:assert/strict'
import {chmod, rename, writeFile} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import {describe, test} from 'node:test'
import {decompressChunk} from '../../src/lib/message/raw-chunks.ts'
import {readRaw} from '../../src/lib/store/raw.ts'
import {eximMissing, startExim} from '../support/exim.ts'
import {sendMail, startBehind, uniqueMail} from '../support/mta.ts'
import {postfixMissing, startPostfix} from '../support/postfix.ts'

const MTAS = [
  {name: 'Postfix', skip: postfixMissing(), start: startPostfix},
  {name: 'Exim', skip: await eximMissing(), start: startExim},
] as const

for (const {name, skip, start} of MTAS)
  describe(`behind ${name}`, {skip}, () => {
    test('a mail is a ticket, with its sender and recipient', async (t) => {
      const {mta, messages, submit, store, portal} = await startBehind(t, start)
      await submit('1 plain')
      await submit('2 bounce', ['support@acme.example'], null)
      await submit('3 detail', ['support+order-7@acme.example'])
      await submit('4 upper case', ['SUPPORT@ACME.EXAMPLE'])
      await submit('5 strange sender', ['support@acme.example'], '"jane doe"@example.com')
      assert.deepEqual(await mta.settled(), [])
      assert.deepEqual(await messages(), [
        ['1 plain', ['support@acme.example'], 'jane@example.com'],
        ['2 bounce', ['support@acme.example'], null],
        ['3 detail', ['support+order-7@acme.example'], 'jane@example.com'],
        ['4 upper case', ['support@acme.example'], 'jane@example.com'],
        ['5 strange sender', ['support@acme.example'], '"jane doe"@example.com'],
      ])
      for (const {id} of await store.db.selectFrom('raw').select('id').execute())
        for await (const chunk of readRaw(store.db, portal.id, id))
          assert.match(
            Buffer.from(decompressChunk(chunk)).toString('latin1'),
            /^(Received|Return-Path|Delivered-To): /,
            'it begins with its header',
          )
      assert.equal((await store.db.selectFrom('ticket').select('id').execute()).length, 5)
      assert.deepEqual(await mta.bounces(), [])
    })

    test('mail for an unknown address is returned, that for a known one beside it is not', async (t) => {
      const {mta, subjects, submit, installed, store} = await startBehind(t, start)
      await submit('for two', ['support@acme.example', 'nobody@acme.example'])
      // More than a pipe holds: postdesk answers before it has read it.
      await sendMail(mta.port, {
        from: 'jane@example.com',
        to: ['nobody-either@acme.example'],
        data: uniqueMail('large', 1_000_000),
      })
      assert.deepEqual(await mta.settled(), [])
      assert.deepEqual(await subjects(), ['for two'])
      const bounces = await mta.bounces()
      assert.equal(bounces.length, 2)
      for (const bounce of bounces) {
        assert.match(bounce, /5\.1\.1/)
        assert.match(bounce, /no such address/)
        assert.match(bounce, /nobody/)
        // Exim names the command of a pipe to the sender; nothing else of this machine is told.
        const told = bounce.replaceAll(installed.deliver, '')
        assert.ok(!told.includes(store.url) && !told.includes(dirname(installed.deliver)), told)
      }
    })

    test('while the store may not be entered mail waits, and arrives once', async (t) => {
      const {mta, subjects, submit, store} = await startBehind(t, start)
      const directory = dirname(store.url.slice('sqlite:'.length))
      await chmod(directory, 0o000)
      await submit('waits 1')
      await submit('waits 2')
      const waiting = await mta.settled()
      assert.equal(waiting.length, 2)
      assert.match(await mta.log(), /temporary failure/)
      await chmod(directory, 0o700)
      await mta.flush()
      assert.deepEqual(await mta.settled(), [])
      assert.deepEqual(await subjects(), ['waits 1', 'waits 2'])
      assert.deepEqual(await mta.bounces(), [])
    })

    test('while the program cannot start mail waits, and arrives once', async (t) => {
      const {mta, subjects, submit, installed} = await startBehind(t, start)
      const {program, deliver} = installed
      const aside = (path: string) => async () => {
        const other = join(dirname(path), `aside-${basename(path)}`)
        await rename(path, other)
        return () => rename(other, path)
      }
      const inPlaceOf = (path: string, text: string) => async () => {
        const back = await aside(path)()
        await writeFile(path, text, {mode: 0o755})
        return back
      }
      const oldVersion = "Object.defineProperty(process, 'versions', {value: {...process.versions, node: '20.0.0'}})"
      const failures = {
        'a build that is damaged': inPlaceOf(join(program, 'dist/main.js'), 'export function main('),
        'a command that is missing': aside(join(program, 'dist/commands/email/deliver.js')),
        'a program that is being replaced': aside(program),
        'a script that is missing': aside(deliver),
        'a Node that is too old': inPlaceOf(
          join(program, 'bin/run.js'),
          `${oldVersion}\nawait import('./aside-run.js')`,
        ),
        'a Node that is killed': inPlaceOf(join(program, 'bin/run.js'), 'process.kill(process.pid, "SIGKILL")'),
        'a Node that runs out of memory': inPlaceOf(join(program, 'bin/run.js'), 'process.abort()'),
      }
      for (const [what, breakIt] of Object.entries(failures)) {
        const mend = await breakIt()
        await submit(what)
        const waiting = await mta.settled()
        assert.deepEqual(
          waiting.map(({state}) => state),
          ['deferred'],
          `${what}: ${await mta.log()}`,
        )
        await mend()
        await mta.flush()
        assert.deepEqual(await mta.settled(), [], what)
      }
      assert.deepEqual(await subjects(), Object.keys(failures).toSorted())
      assert.deepEqual(await mta.bounces(), [])
    })
  })
