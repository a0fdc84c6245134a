import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {findSender, RELAY_SENDER} from '../../src/lib/store/senders.ts'
import {pauseAccount} from '../support/pause-account.ts'
import {startAccountDesk, startMachine, trust, type Machine} from '../support/accounts.ts'
import {NOW} from '../support/portal.ts'
import {startScriptedSmtp} from '../support/scripted-smtp.ts'
import {startSmtpSink} from '../support/smtp-sink.ts'
import {STORES} from '../support/stores.ts'

const [USER, PASSWORD] = ['relay@acme.example', 'correct-horse-battery']

const secretsOf = async (machine: Machine, portal = 'acme') =>
  ((await machine.json(0, `secret list --portal ${portal}`)).result.secrets as {name: string}[]).map(({name}) => name)

const relayOf = async (machine: Machine, portal = 'acme') =>
  (await machine.json(0, `portal relay show --portal ${portal}`)).result.relay

for (const kind of STORES)
  describe(`relays on ${kind}`, () => {
    test('an SMTP account is proved before it is saved, and the one before is used until then', async (t) => {
      const desk = await startAccountDesk(t, kind)
      const sink = await startSmtpSink(t, {starttls: true, auth: {user: USER, pass: PASSWORD}})
      await trust(desk, sink)
      const none = await desk.json(0, 'portal relay show')
      assert.deepEqual([none.result, none.nextSteps], [{relay: null}, ['postdesk portal relay set smtp --portal acme']])
      const set = `portal relay set smtp --host localhost --port ${sink.port} --user ${USER}`
      await desk.json(24, `${set} --password-stdin`, 'wrong-horse')
      assert.deepEqual([await relayOf(desk), await secretsOf(desk)], [null, []])

      const {result} = await desk.json(0, `${set} --password-stdin`, PASSWORD)
      const {verifiedAt, ...relay} = result.relay
      assert.match(verifiedAt, /Z$/)
      assert.deepEqual(relay, {
        kind: 'smtp',
        host: 'localhost',
        port: sink.port,
        security: 'starttls',
        user: USER,
        secret: 'acme/relay/password',
        state: 'ready',
        lastError: null,
      })
      assert.deepEqual(await relayOf(desk), result.relay)
      assert.deepEqual(await secretsOf(desk), ['acme/relay/password'])
      const logins = sink.logins()
      assert.equal((await desk.json(0, set)).result.changed, false)
      assert.equal(sink.logins(), logins, 'what is there already is not tried')

      await desk.json(24, `${set} --password-stdin`, 'wrong-horse')
      await desk.json(0, 'secret verify acme/relay/password')
      const again = await desk.json(64, set.replace(USER, 'other'))
      assert.equal(again.error.code, 'PASSWORD_NEEDED_AGAIN')
      await desk.json(24, `${set.replace(USER, 'other')} --keep-password`)
      assert.deepEqual(await relayOf(desk), result.relay)
      const kept = await desk.json(0, `${set.replace(USER, 'other')} --keep-password --no-verify`)
      assert.deepEqual([kept.result.relay.user, kept.result.relay.state], ['other', 'unverified'])
      await desk.json(0, `${set} --keep-password`)
      assert.equal(sink.mails.length, 0)
      for (const secret of [PASSWORD, 'wrong-horse']) assert.ok(!desk.printed().includes(secret))

      const other = await startMachine(t, desk.url)
      assert.equal((await relayOf(other)).state, 'secret-missing-here')
      await other.json(0, 'secret set acme/relay/password --value-stdin', PASSWORD)
      assert.equal((await relayOf(other)).state, 'ready')
    })

    test('a change forgets what went wrong with the one before', async (t) => {
      const desk = await startAccountDesk(t, kind)
      const {id} = await desk.portal()
      await desk.json(0, 'portal relay set smtp --host smtp.acme.example --user a --password-env X --no-verify')
      const error = {code: 'SMTP_AUTH', title: 'Refused', why: 'wrong password', at: NOW}
      await pauseAccount(desk.store.db, id, RELAY_SENDER, error)
      desk.env['X'] = PASSWORD
      const failing = await relayOf(desk)
      assert.deepEqual([failing.state, failing.lastError], ['failing', error])
      await desk.json(0, 'portal relay set smtp --host smtp.acme.example --user b --password-env X --no-verify')
      assert.deepEqual([(await relayOf(desk)).state, (await relayOf(desk)).lastError], ['unverified', null])
      assert.equal((await findSender(desk.store.db, id, RELAY_SENDER))?.paused, null)
      assert.equal((await desk.json(0, 'portal relay unset')).result.changed, true)
      assert.equal((await desk.json(0, 'portal relay unset')).result.changed, false)
      assert.deepEqual([await relayOf(desk), await secretsOf(desk)], [null, []])
    })

    test('an address that can send is a relay, and is not removed while it is', async (t) => {
      const desk = await startAccountDesk(t, kind)
      await desk.json(0, 'email add smtp help@care.example --host smtp.care.example --password-env X --no-verify')
      await desk.json(0, 'portal relay set smtp --host smtp.acme.example --user a --password-env X --no-verify')
      const internal = await desk.json(64, 'portal relay set channel support')
      assert.match(internal.error.why, /an internal address cannot send/)
      await desk.json(67, 'portal relay set channel helpp@care.example')
      await desk.json(64, 'portal relay set channel')
      const {result} = await desk.json(0, 'portal relay set channel HELP@care.example')
      assert.deepEqual([result.changed, result.relay.address, result.relay.secret], [true, 'help@care.example', null])
      assert.equal((await desk.json(0, 'portal relay set channel help@care.example')).result.changed, false)
      assert.equal((await relayOf(desk)).state, 'secret-missing-here')
      desk.env['X'] = PASSWORD
      assert.equal((await relayOf(desk)).state, 'unverified')
      assert.deepEqual(await secretsOf(desk), ['acme/help@care.example/password'], "the former relay's is forgotten")
      const inUse = await desk.json(73, 'email remove help@care.example --confirm help@care.example')
      assert.equal(inUse.error.code, 'EMAIL_ADDRESS_IN_USE')
      await desk.json(0, 'portal relay unset')
      await desk.json(0, 'email remove help@care.example --confirm help@care.example')
    })

    test('in a store of two portals each has its own', async (t) => {
      const desk = await startAccountDesk(t, kind)
      await desk.json(0, 'portal add beta --domain beta.example')
      const set = (host: string) => `portal relay set smtp --host ${host} --user u --password-env X --no-verify`
      assert.equal((await desk.json(64, set('a.example'))).error.code, 'PORTAL_AMBIGUOUS')
      await desk.json(0, `${set('a.example')} --portal acme`)
      await desk.json(0, `${set('b.example')} --portal beta`)
      await desk.json(0, 'portal relay unset --portal acme')
      assert.deepEqual([await relayOf(desk), (await relayOf(desk, 'beta')).host], [null, 'b.example'])
      assert.deepEqual([await secretsOf(desk), await secretsOf(desk, 'beta')], [[], ['beta/relay/password']])
    })
  })

test('a server that takes mail without a login is tried without one, and needs no password', async (t) => {
  const desk = await startAccountDesk(t, 'sqlite')
  const mta = await startScriptedSmtp(t)
  const set = `portal relay set smtp --host 127.0.0.1 --port ${mta.port} --security none`
  const {result} = await desk.json(0, set)
  assert.deepEqual([result.relay.user, result.relay.secret, result.relay.state], [null, null, 'ready'])
  assert.deepEqual([mta.connections(), mta.commands.some((command) => command.startsWith('AUTH'))], [1, false])
  assert.equal((await desk.json(0, set)).result.changed, false)
  // A password is for somebody.
  assert.deepEqual((await desk.json(64, `${set} --password-env X`)).error.missing, ['--user'])
  assert.deepEqual((await desk.json(64, 'portal relay set smtp')).error.missing, ['--host'])
  assert.deepEqual((await desk.json(64, 'portal relay set smtp --user u')).error.missing, [
    '--host',
    '--password-stdin',
  ])
  assert.deepEqual(await secretsOf(desk), [])
})
