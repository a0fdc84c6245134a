/** `email test` as a user calls it: the built program against servers that work, and against some that do not. */
import assert from 'node:assert/strict'
import {access, readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {describe, test, type TestContext} from 'node:test'
import {XMLValidator} from 'fast-xml-parser'
import {startAccountDesk, startMachine, trust, type AccountDesk} from '../support/accounts.ts'
import {makeCertificates} from '../support/certificates.ts'
import {startDns, type DnsServer, type Script} from '../support/dns-server.ts'
import {startDovecot, dovecotMissing} from '../support/dovecot.ts'
import {startScriptedSmtp} from '../support/scripted-smtp.ts'
import {startSmtpSink} from '../support/smtp-sink.ts'
import {STORES} from '../support/stores.ts'
import {startSubmission, submissionMissing} from '../support/submission.ts'

const PASSWORD = 'correct-horse-battery'
const ADDRESS = 'help@care.example'

/** What the domain of a sender publishes where all is well. */
const WELL: Readonly<Record<string, Script>> = {
  'care.example': {txt: ['v=spf1 ip4:127.0.0.1 -all'], mx: ['10 mx.care.example'], a: ['127.0.0.1']},
  'mx.care.example': {a: ['127.0.0.1']},
  '_dmarc.care.example': {txt: ['v=DMARC1; p=reject; rua=mailto:dmarc@care.example']},
  'acme.example': {mx: ['10 mx.care.example']},
}

interface Bench {
  readonly desk: AccountDesk
  readonly dns: DnsServer
}

async function startBench(t: TestContext, kind: (typeof STORES)[number] = 'sqlite'): Promise<Bench> {
  const [desk, dns] = [await startAccountDesk(t, kind), await startDns(t, WELL)]
  desk.env['POSTDESK_RESOLVER'] = `127.0.0.1:${dns.address.port}`
  await desk.json(0, 'agent add ann@acme.example --name Ann --queue support')
  return {desk, dns}
}

interface Told {
  readonly id: string
  readonly status: string
  readonly code?: string
  readonly because?: string
  readonly title: string
}

const statusOf = (stages: readonly Told[]) =>
  Object.fromEntries(stages.map(({id, status, code}) => [id, code ? `${status} ${code}` : status]))

/** Adds the address without a login, so that what is wrong with its server is found by the test. */
const add = (desk: AccountDesk, at: string, password = PASSWORD) =>
  desk.json(0, `email add smtp ${ADDRESS} ${at} --password-stdin --no-verify --forwards-to support`, `${password}\n`)

for (const kind of STORES)
  describe(`email test on ${kind}`, () => {
    test('a healthy SMTP address passes each stage, and costs few commands', {skip: submissionMissing()}, async (t) => {
      const {desk} = await startBench(t, kind)
      const sink = await startSmtpSink(t)
      const certificates = await makeCertificates(t)
      await trust(desk, certificates)
      const server = await startSubmission(t, {certificate: certificates.good, relayPort: sink.port})
      await add(desk, `--host localhost --port ${server.port} --user ${server.user}`, server.password)
      const {result, warnings} = await desk.json(0, `email test ${ADDRESS} --transcript`)
      const stages = statusOf(result.stages)
      for (const id of ['config', 'dns', 'mx', 'spf', 'dmarc', 'tcp', 'greeting', 'starttls', 'tls', 'login', 'sender'])
        assert.equal(stages[id], 'pass', `${id}: ${JSON.stringify(result.stages, null, 1)}`)
      assert.equal(stages['recipient'], 'pass')
      assert.equal(stages['intake'], 'pass')
      assert.equal(stages['message'], 'skip')
      assert.deepEqual(warnings, [])
      const said = (result.transcript as {from: string; text: string}[])
        .filter(({from}) => from === 'client')
        .map(({text}) => text.split(/[ :]/)[0])
      assert.deepEqual(said, ['EHLO', 'STARTTLS', 'EHLO', 'AUTH', 'MAIL', 'RCPT', 'QUIT'])
      assert.equal(sink.mails.length, 0, 'nothing is sent')
      assert.doesNotMatch(desk.printed(), new RegExp(server.password))
    })

    test('a wrong password is 24, is tried once, and is warned of before it is tried again', async (t) => {
      const {desk} = await startBench(t, kind)
      const sink = await startSmtpSink(t, {tls: true, auth: {user: ADDRESS, pass: PASSWORD}})
      await trust(desk, sink)
      await add(desk, `--host localhost --port ${sink.port} --security tls`, 'wrong-horse')
      const first = await desk.json(24, `email test ${ADDRESS}`)
      assert.equal(statusOf(first.result.stages)['login'], `fail ${first.error.code}`)
      assert.equal(statusOf(first.result.stages)['sender'], 'skip')
      assert.match(first.error.serverReply, /^535/)
      assert.equal(first.result.verdict.code, first.error.code)
      assert.equal(first.result.verdict.exitCode, 24)
      assert.deepEqual([sink.logins(), first.warnings], [1, []])
      const again = await desk.json(24, `email test ${ADDRESS}`)
      assert.match(again.warnings.join(), /refused by localhost 1 min ago/)
      assert.equal(sink.logins(), 2)
      assert.doesNotMatch(desk.printed(), /wrong-horse/)
      const kept = await readFile(join(desk.home, 'state/refused-passwords.json'), 'utf8')
      for (const form of ['wrong-horse', Buffer.from('wrong-horse').toString('base64')]) assert.ok(!kept.includes(form))
    })
  })

test('without the password on this machine the rest is looked at all the same, and nothing is sent', async (t) => {
  const {desk} = await startBench(t)
  const sink = await startSmtpSink(t, {tls: true, auth: {user: ADDRESS, pass: PASSWORD}})
  await trust(desk, sink)
  await add(desk, `--host localhost --port ${sink.port} --security tls`)
  const other = await startMachine(t, desk.url)
  Object.assign(other.env, {
    POSTDESK_RESOLVER: desk.env['POSTDESK_RESOLVER'],
    NODE_EXTRA_CA_CERTS: desk.env['NODE_EXTRA_CA_CERTS'],
  })
  const {result, error} = await other.json(78, `email test ${ADDRESS}`)
  const stages = statusOf(result.stages)
  assert.equal(stages['config'], `fail ${error.code}`)
  assert.deepEqual([stages['greeting'], stages['login'], stages['sender']], ['pass', 'skip', 'skip'])
  assert.equal(sink.logins(), 0)
})

test('a port of the other TLS mode is told, the rest is looked at in the mode that works, and a kept password does not follow', async (t) => {
  const {desk} = await startBench(t)
  const sink = await startSmtpSink(t, {starttls: true, auth: {user: ADDRESS, pass: PASSWORD}})
  await trust(desk, sink)
  await add(desk, `--host localhost --port ${sink.port} --security tls`)
  const kept = await desk.json(22, `email test ${ADDRESS}`)
  assert.equal(kept.error.code, 'TLS_WRONG_MODE')
  const mend = kept.error.fixes[0].command
  assert.equal(mend, `postdesk email update ${ADDRESS} --security starttls --keep-password --portal acme`)
  const stages = statusOf(kept.result.stages)
  assert.deepEqual([stages['starttls'], stages['capabilities'], stages['login']], ['pass', 'pass', 'skip'])
  assert.equal(sink.logins(), 0)
  const named = await desk.json(
    22,
    `email test --host localhost --port ${sink.port} --security tls --user ${ADDRESS} --password-stdin`,
    PASSWORD,
  )
  assert.equal(statusOf(named.result.stages)['login'], 'pass')
  await desk.json(0, mend.replace('postdesk ', ''))
  assert.equal(statusOf((await desk.json(0, `email test ${ADDRESS}`)).result.stages)['login'], 'pass')
})

test('a server without a channel needs no store, and makes none', async (t) => {
  const machine = await startMachine(t, 'sqlite:/nonexistent/store.sqlite')
  delete machine.env['POSTDESK_STORE']
  const server = await startScriptedSmtp(t)
  const at = `email test --host 127.0.0.1 --port ${server.port} --security none`
  const anonymous = await machine.json(0, `${at} --from ann@127.0.0.1 --to bob@acme.example -4`)
  assert.equal(statusOf(anonymous.result.stages)['login'], 'skip')
  assert.equal(anonymous.result.target, `127.0.0.1:${server.port}`)
  assert.ok(server.commands.some((line) => line.startsWith('RCPT TO:<bob@acme.example>')))
  const login = await machine.json(0, `${at} --user ann --auth login --password-env THE_PASSWORD`, '').catch(() => null)
  assert.equal(login, null, 'the variable is not set')
  machine.env['THE_PASSWORD'] = PASSWORD
  const {result} = await machine.json(0, `${at} --user ann --auth login --password-env THE_PASSWORD --transcript`)
  assert.equal(statusOf(result.stages)['login'], 'pass')
  assert.ok(server.commands.includes('AUTH LOGIN'))
  for (const form of [PASSWORD, Buffer.from(PASSWORD).toString('base64')]) assert.ok(!machine.printed().includes(form))
  const clear = 'email test --host 192.0.2.1 --security none --user ann --password-env THE_PASSWORD --until config'
  assert.equal((await machine.json(0, clear)).result.verdict.code, 'CLEARTEXT')
  await assert.rejects(access(join(machine.home, 'data/postdesk.sqlite')))
})

test('what is missing or does not fit is refused before any network', async (t) => {
  const {desk} = await startBench(t)
  const refusals: readonly (readonly [string, RegExp])[] = [
    ['email test', /ADDRESS/],
    ['email test --host smtp.acme.example --user ann', /--password-stdin/],
    ['email test --host smtp.acme.example --password-env X', /--user/],
    ['email test support@acme.example --password-env X', /--host/],
    ['email test --host smtp.acme.example support@acme.example', /four ways/],
    ['email test support@acme.example --until logn', /Did you mean "login"/],
    ['email test support@acme.example --only smtpp', /Did you mean "smtp"/],
    ['email test --host smtp.acme.example --auth PLAN --user a --password-env X', /PLAIN/],
    ['email test --host smtp.acme.example --provider microsft', /Did you mean "microsoft"/],
    ['email test support@acme.example --send', /--to/],
    ['email test support@acme.example --send --to ann@example.com', /only SMTP addresses and the relay send/],
    ['email test inbound --roundtrip', /only the mail of SMTP addresses is forwarded/],
    ['email test --host smtp.acme.example --send --to ann@example.com', /--from/],
    ['email test --host imap.acme.example --port 993 --send --to ann@example.com', /takes no mail/],
    ['email test support@acme.example --format junit', /exclude/],
  ]
  for (const [line, expected] of refusals) {
    const {error} = await desk.json(64, line)
    assert.match(JSON.stringify(error).replaceAll('\\"', '"'), expected, line)
  }
  const broken = join(desk.home, 'broken.pem')
  await writeFile(broken, '-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n')
  assert.match((await desk.json(64, `email test support@acme.example --ca-file ${broken}`)).error.why, /can be read/)
  await desk.json(66, `email test support@acme.example --ca-file ${broken}.not`)
  assert.match((await desk.json(67, 'email test suport@acme.example')).error.fixes[0].text, /support@acme.example/)
  assert.equal((await desk.json(67, 'email test relay')).error.code, 'RELAY_NOT_FOUND')
})

test('--only and --until climb no more than is asked for', async (t) => {
  const {desk} = await startBench(t)
  const server = await startScriptedSmtp(t)
  const at = `--host 127.0.0.1 --port ${server.port} --security none`
  const until = await desk.json(0, `email test ${at} --until greeting`)
  assert.equal(until.result.stages.at(-1).id, 'greeting')
  assert.deepEqual(
    server.commands.map((line) => line.split(' ')[0]),
    ['QUIT'],
  )
  const only = await desk.json(0, `email test ${at} --only tcp`)
  assert.deepEqual(
    only.result.stages.map(({id}: Told) => id),
    ['dns', 'tcp'],
  )
})

test('what is asked for alone is really looked at: nothing passes because it was skipped', async (t) => {
  const {desk} = await startBench(t)
  const sink = await startSmtpSink(t, {tls: true, auth: {user: ADDRESS, pass: PASSWORD}})
  // Nobody trusts its certificate here.
  const untrusted = await desk.json(22, `email test --host localhost --port ${sink.port} --security tls --only tls`)
  assert.match(statusOf(untrusted.result.stages)['tls']!, /^fail TLS_/)
  const plain = await startSmtpSink(t, {starttls: true, auth: {user: ADDRESS, pass: PASSWORD}})
  const starttls = await desk.json(22, `email test --host localhost --port ${plain.port} --only tls`)
  assert.match(statusOf(starttls.result.stages)['tls']!, /^fail TLS_/)
  await trust(desk, sink)
  await add(desk, `--host localhost --port ${sink.port} --security tls`)
  assert.equal((await desk.json(0, `email test ${ADDRESS} --only login`)).result.verdict.status, 'pass')
  assert.equal(sink.logins(), 1)
  // A stage that the target does not have ends it all the same.
  const until = await desk.json(
    0,
    `email test --host localhost --port ${sink.port} --security tls --user a --password-stdin --until srv`,
    PASSWORD,
  )
  assert.ok(until.result.stages.every(({id}: Told) => id !== 'login'))
  assert.equal(sink.logins(), 1)
  assert.match((await desk.json(64, `email test ${ADDRESS} --only mailbox`)).error.why, /no target has it/)
  const other = await startMachine(t, desk.url)
  assert.equal((await other.json(78, `email test ${ADDRESS} --only login`)).error.stage, 'config')
})

test('addresses that share an account cost one login where that is refused', async (t) => {
  const {desk} = await startBench(t)
  const sink = await startSmtpSink(t, {tls: true, auth: {user: 'shared', pass: PASSWORD}})
  await trust(desk, sink)
  for (const address of ['a@care.example', 'b@care.example', 'c@care.example'])
    await desk.json(
      0,
      `email add smtp ${address} --host localhost --port ${sink.port} --security tls --user shared --password-stdin --no-verify`,
      'wrong-horse\n',
    )
  const {result} = await desk.json(24, 'email test a@care.example B@care.example c@care.example b@care.example')
  assert.equal(sink.logins(), 1)
  const codes = result.tests.map(({verdict}: {verdict: {code: string}}) => verdict.code)
  assert.equal(codes.filter((code: string) => code === 'PASSWORD_NOT_TRIED_AGAIN').length, 2)
  assert.equal(codes.length, 3)
})

test('--send sends one message, and says what became of it', async (t) => {
  const {desk} = await startBench(t)
  const sink = await startSmtpSink(t, {tls: true, auth: {user: ADDRESS, pass: PASSWORD}})
  await trust(desk, sink)
  await add(desk, `--host localhost --port ${sink.port} --security tls`)
  const {result} = await desk.json(0, `email test ${ADDRESS} --send --to jane@customer.example`)
  assert.equal(statusOf(result.stages)['message'], 'pass')
  assert.equal(sink.mails.length, 1)
  assert.deepEqual([sink.mails[0]!.sender, sink.mails[0]!.recipients], [ADDRESS, ['jane@customer.example']])
  assert.match(sink.mails[0]!.raw.toString(), /Auto-Submitted: auto-generated/)
})

test('the inbound, the relay and an internal address are targets', {skip: dovecotMissing()}, async (t) => {
  const {desk} = await startBench(t)
  const none = await desk.json(78, 'email test support@acme.example')
  assert.equal(none.error.code, 'NO_INBOUND')
  assert.equal(statusOf(none.result.stages)['intake'], 'pass')
  const dovecot = await startDovecot(t)
  desk.env['IMAP_PASSWORD'] = dovecot.password
  await desk.json(
    0,
    `portal inbound set imap --host 127.0.0.1 --port ${dovecot.port} --security none --user ${dovecot.user} --password-env IMAP_PASSWORD`,
  )
  const inbound = await desk.json(0, 'email test inbound')
  const stages = statusOf(inbound.result.stages)
  assert.deepEqual([stages['login'], stages['mailbox'], stages['messages']], ['pass', 'pass', 'pass'])
  const internal = await desk.json(0, 'email test support')
  assert.equal(statusOf(internal.result.stages)['intake'], 'pass')
  assert.equal(internal.result.target, 'support@acme.example')
  const sink = await startSmtpSink(t, {
    onSender: (address) => (address === '' ? {code: 550, text: '5.7.1 no null sender'} : undefined),
  })
  await desk.json(0, `portal relay set smtp --host 127.0.0.1 --port ${sink.port} --security none`)
  const relay = await desk.json(0, 'email test relay')
  assert.match(statusOf(relay.result.stages)['null-sender']!, /^warn/)
  assert.equal(statusOf(relay.result.stages)['internal-sender'], 'pass')
  assert.equal((await desk.json(2, 'email test relay --strict')).result.verdict.status, 'warn')
})

test(
  '--all tests everything side by side, with one login to the inbound, and the lowest class of what failed',
  {skip: dovecotMissing()},
  async (t) => {
    const {desk} = await startBench(t)
    const dovecot = await startDovecot(t)
    desk.env['IMAP_PASSWORD'] = dovecot.password
    await desk.json(0, 'email add internal sales --name Sales')
    await desk.json(
      0,
      `portal inbound set imap --host 127.0.0.1 --port ${dovecot.port} --security none --user ${dovecot.user} --password-env IMAP_PASSWORD`,
    )
    const sink = await startSmtpSink(t, {tls: true, auth: {user: ADDRESS, pass: PASSWORD}})
    await trust(desk, sink)
    await add(desk, `--host localhost --port ${sink.port} --security tls`, 'wrong-horse')
    const {result} = await desk.json(24, 'email test --all')
    assert.deepEqual(
      result.tests.map(
        ({target, verdict}: {target: string; verdict: {status: string}}) => `${target} ${verdict.status}`,
      ),
      [`${ADDRESS} fail`, 'sales@acme.example pass', 'support@acme.example pass', 'inbound pass'],
    )
    assert.equal(result.verdict.title, '1 of 4 failed')
    const {code, stdout, stderr} = await desk.run('email test --all --format junit')
    assert.equal(code, 24)
    assert.equal(XMLValidator.validate(stdout), true)
    assert.match(stdout, /<testsuite name="sales@acme.example"/)
    assert.match(stderr, /refused by localhost/)
  },
)

test('--explain tells what words of a server mean, and ends as a test would have', async (t) => {
  const machine = await startMachine(t, 'sqlite:/nonexistent/store.sqlite')
  const explain = async (exitCode: number, text: string, more = '') => {
    const path = join(machine.home, 'reply.txt')
    await writeFile(path, text)
    return machine.json(exitCode, `email test --explain -${more}`, text)
  }
  const closed = await explain(
    25,
    '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled',
  )
  assert.equal(closed.result.verdict.exitCode, 25)
  assert.equal(closed.error.code, closed.result.verdict.code)
  assert.match(closed.result.verdict.serverReply, /^535 5\.7\.139/)
  const unknown = await explain(24, '535 5.7.8 Nay, says the server of nobody')
  assert.equal(unknown.result.verdict.certainty, 'guess')
  assert.equal((await explain(65, 'Dear Sir or Madam')).error.code, 'NOT_A_REPLY')
  await machine.json(65, 'email test --explain -', '')
  await machine.json(64, 'email test --explain - --provider nobody', '535 no')
  const {stdout} = await machine.run(
    'email test --explain -',
    '535-5.7.8 Username and Password not accepted \u001b[31m p=BadCredentials',
  )
  assert.match(stdout, /exit 24/)
  assert.ok(!stdout.includes('\u001b[31m'))
})
