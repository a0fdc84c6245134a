import assert from 'node:assert/strict'
import {spawn} from 'node:child_process'
import {rm} from 'node:fs/promises'
import {join} from 'node:path'
import {test} from 'node:test'
import {ROOT} from '../support/run-postdesk.ts'

test('the demo shows mail on its whole way, in and out', async (t) => {
  const child = spawn(process.execPath, [join(ROOT, 'scripts/demo/demo.ts')], {stdio: ['ignore', 'pipe', 'pipe']})
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const code = await new Promise((done) => child.once('close', done))
  const home = /POSTDESK_HOME=(\S+)/.exec(output)?.[1]
  t.after(() => (home === undefined ? undefined : rm(home, {recursive: true, force: true})))
  assert.equal(code, 0, output)
  const mailbox = output.split('In the mailbox of Noah Ellis <noah.ellis@mail.example>:').slice(1)
  assert.equal(mailbox.length, 2)
  assert.match(
    mailbox[0]!,
    /^\n {2}From: +"Ann Baker \| Acme Lamps" <acme\.lamps@provider\.example>\n {2}Subject: Re: Cannot sign in since yesterday\n/,
  )
  assert.match(mailbox[0]!, /\| > Resetting the password works/, 'what is answered stands below')
  assert.match(mailbox[0]!, /Now it works, thank you!/, 'the answer to it is in the ticket')
  assert.match(
    mailbox[1]!,
    /^\n {2}From: +"Acme Support" <support@acme\.example>\n {2}Subject: We have your mail\n {2}\| Thank you\. Your number is \d+; the team of Support/,
  )
})
