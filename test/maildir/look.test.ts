import assert from 'node:assert/strict'
import {mkdir, readdir, rename} from 'node:fs/promises'
import {join} from 'node:path'
import {test} from 'node:test'
import type {SoughtMail} from '../../src/lib/channel/inbound-look.ts'
import {maildirLook} from '../../src/lib/maildir/look.ts'
import {deliverToMaildir, makeMaildir, makeMaildirAt, makeMessage} from '../support/maildir.ts'

const {signal} = new AbortController()
const SOUGHT: SoughtMail = {
  field: 'X-Postdesk-Probe',
  word: 'probe.k7f3',
  messageId: 'probe.k7f3@acme.example',
  subject: '[probe 7F3K]',
}
const PROBE = Buffer.from('X-Postdesk-Probe: probe.k7f3\nSubject: x\n\nHello\n')
const MINUTE = 60_000

test('a mail that came since then is found once, whatever mail programs rename, and is left where it is', async (t) => {
  const path = await makeMaildir(t)
  const began = new Date()
  const look = maildirLook(path, began.toISOString())
  await deliverToMaildir(path, PROBE, {arrived: new Date(began.getTime() - 10 * MINUTE)})
  await deliverToMaildir(path, makeMessage(1))
  assert.deepEqual(await look.find([SOUGHT], signal), [], 'what is older, or another mail')

  const file = await deliverToMaildir(path, PROBE)
  const [found] = await look.find([SOUGHT], signal)
  assert.deepEqual(
    [found?.place, found?.role, found?.isWhole, Buffer.from(found?.raw ?? [])],
    ['INBOX', 'inbound', true, PROBE],
  )
  const name = file.split('/').at(-1)!
  await rename(join(path, 'new', name), join(path, 'cur', `${name}:2,S`))
  assert.deepEqual(await look.find([SOUGHT], signal), [])
  assert.equal((await readdir(join(path, 'new'))).length, 2)
})

test('folders for junk are looked into, too; all others at the end', async (t) => {
  const path = await makeMaildir(t)
  const look = maildirLook(path, new Date().toISOString())
  for (const folder of ['.Junk', '.Archive', '.Spamalot']) {
    await makeMaildirAt(join(path, folder))
    await deliverToMaildir(join(path, folder), PROBE)
  }
  await mkdir(join(path, '.nothing'))
  const places = async (found: ReturnType<typeof look.find>) =>
    (await found).map(({place, role}) => `${place} ${role}`).toSorted()
  assert.deepEqual(await places(look.find([SOUGHT], signal)), ['Junk junk'])
  assert.deepEqual(await places(look.findAnywhere([SOUGHT], signal)), ['Archive other', 'Spamalot other'])
})

test('of a large mail the beginning is read, and a Maildir that is not there is told', async (t) => {
  const path = await makeMaildir(t)
  const look = maildirLook(path, new Date().toISOString())
  await deliverToMaildir(path, Buffer.concat([PROBE, Buffer.alloc(300_000, 'x')]))
  const [found] = await look.find([SOUGHT], signal)
  assert.deepEqual([found?.raw.length, found?.isWhole], [256 * 1024, false])
  await assert.rejects(maildirLook(`${path}/none`, new Date().toISOString()).find([SOUGHT], signal), {
    code: 'MAILDIR_UNREADABLE',
    exitCode: 78,
  })
})
