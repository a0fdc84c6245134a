import assert from 'node:assert/strict'
import {join} from 'node:path'
import {describe, test, type TestContext} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import {startAccountDesk, startMachine, trust, type Machine} from '../support/accounts.ts'
import {startDns} from '../support/dns-server.ts'
import {sendAnswer} from '../support/outgoing.ts'
import {NOW} from '../support/portal.ts'
import {ROOT, startPostdesk} from '../support/run-postdesk.ts'
import {startScriptedSmtp} from '../support/scripted-smtp.ts'
import {startSmtpSink, type SmtpSink} from '../support/smtp-sink.ts'
import {STORES} from '../support/stores.ts'
import {openTerminal} from '../support/terminal.ts'
import {withoutPastedSpaces} from '../../src/lib/smtp-server.ts'
import {Secret} from '../../src/lib/secret/secret.ts'
import {providerOfDomain} from '../../src/lib/discovery/providers.ts'
import {resumeSender} from '../../src/lib/store/senders.ts'
import {pauseAccount} from '../support/pause-account.ts'
import {findChannel} from '../../src/lib/store/channels.ts'

const PASSWORD = 'correct-horse-battery'
const ADDRESS = 'help@care.example'

/** A desk, and a server with TLS that takes the password of the address. */
async function withServer(t: TestContext, kind: (typeof STORES)[number]) {
  const desk = await startAccountDesk(t, kind)
  const sink = await startSmtpSink(t, {tls: true, auth: {user: ADDRESS, pass: PASSWORD}})
  await trust(desk, sink)
  return {desk, sink}
}

const at = ({port}: Pick<SmtpSink, 'port'>) => `--host localhost --port ${port} --security tls`

const adds = (sink: SmtpSink, more = '') => `email add smtp ${ADDRESS} ${at(sink)} --password-stdin${more}`

const secretsOf = async (machine: Machine) =>
  ((await machine.json(0, 'secret list')).result.secrets as {name: string; source: string | null}[]).map(
    ({name, source}) => `${name} ${source}`,
  )

const addressesOf = async (machine: Machine) =>
  ((await machine.json(0, 'email list')).result.channels as {address: string; state: string}[]).map(
    ({address, state}) => `${address} ${state}`,
  )

for (const kind of STORES)
  describe(`SMTP addresses on ${kind}`, () => {
    test('one is added when its login succeeds; a login that fails saves nothing', async (t) => {
      const {desk, sink} = await withServer(t, kind)
      const refused = await desk.json(24, adds(sink, ' --forwards-to support'), 'wrong-horse\n')
      assert.match(refused.error.serverReply, /^535/)
      assert.deepEqual([await secretsOf(desk), await addressesOf(desk)], [[], ['support@acme.example ready']])
      assert.equal((await desk.run('secret list')).stdout, 'No secret is in use.\n')

      const {result, nextSteps} = await desk.json(0, adds(sink, ' --forwards-to support'), `${PASSWORD}\n`)
      const {server, ...channel} = result.channel
      assert.deepEqual(channel, {
        address: ADDRESS,
        kind: 'smtp',
        name: 'acme',
        active: true,
        queue: 'support',
        assignOnline: false,
        canReceive: true,
        canSend: true,
        missingScopes: [],
        state: 'ready',
        forwardsTo: 'support@acme.example',
        forwardingVerifiedAt: null,
        autoReply: null,
        lastSyncAt: null,
        lastError: null,
      })
      const {verifiedAt, ...where} = server
      assert.match(verifiedAt, /Z$/)
      assert.deepEqual(where, {host: 'localhost', port: sink.port, security: 'tls', user: ADDRESS})
      assert.equal(result.forwarding.target, 'support@acme.example')
      assert.ok(nextSteps.some((step) => step.includes('Forward every mail to support@acme.example')))
      assert.deepEqual((await desk.json(0, `email show ${ADDRESS.toUpperCase()}`)).result, result.channel)
      assert.deepEqual(await secretsOf(desk), [`acme/${ADDRESS}/password vault`])
      assert.equal(sink.mails.length, 0)
      for (const secret of [PASSWORD, 'wrong-horse']) assert.ok(!desk.printed().includes(secret))
    })

    test('again it is there already, or differs in what is named', async (t) => {
      const {desk, sink} = await withServer(t, kind)
      await desk.json(0, adds(sink, ' --name Care'), PASSWORD)
      const logins = sink.logins()
      assert.equal((await desk.json(73, adds(sink), PASSWORD)).error.code, 'ADDRESS_EXISTS')
      const again = adds(sink, ' --if-not-exists')
      for (const same of [again, `${again} --name Care`, `email add smtp ${ADDRESS} --password-env X --if-not-exists`])
        assert.equal((await desk.json(0, same, PASSWORD)).result.changed, false)
      const other = await desk.json(73, `${again} --name Help --user other --forwards-to support`, PASSWORD)
      assert.match(other.error.why, /another name, forwards-to, user/)
      const internal = await desk.json(73, 'email add smtp support@acme.example --host h --password-env X')
      assert.equal(internal.error.code, 'ADDRESS_EXISTS')
      assert.equal(sink.logins(), logins, 'nothing is tried for what is not saved')
    })

    test('in a store of two portals each has its own, and an address belongs to one', async (t) => {
      const {desk, sink} = await withServer(t, kind)
      await desk.json(0, 'portal add beta --domain beta.example')
      await desk.json(0, `${adds(sink)} --portal acme`, PASSWORD)
      const taken = await desk.json(73, `${adds(sink)} --portal beta`, PASSWORD)
      assert.match(taken.error.why, /the portal acme has it/)
      const other = `email add smtp sales@care.example ${at(sink)} --user ${ADDRESS} --portal beta`
      const {result, warnings} = await desk.json(0, `${other} --password-stdin`, PASSWORD)
      assert.deepEqual([result.channel.state, result.forwarding], ['needs-queue', null])
      assert.match(warnings.join(), /no queue/)
      await desk.json(73, `email update sales@care.example --address ${ADDRESS} --portal beta`)
      await desk.json(0, 'queue add beta --portal beta --sender sales@care.example')
      const foreign = await desk.json(67, `queue update beta --portal beta --sender ${ADDRESS}`)
      assert.equal(foreign.error.code, 'EMAIL_ADDRESS_NOT_FOUND')
      assert.equal(
        (await desk.json(64, 'queue update support --portal acme --sender support@acme.example')).exitCode,
        64,
      )
      await desk.json(0, `queue update support --portal acme --sender ${ADDRESS}`)
      const names = async (portal: string) =>
        ((await desk.json(0, `secret list --portal ${portal}`)).result.secrets as {name: string}[]).map((s) => s.name)
      assert.deepEqual(await names('acme'), [`acme/${ADDRESS}/password`])
      assert.deepEqual(await names('beta'), ['beta/sales@care.example/password'])
      await desk.json(0, `email remove ${ADDRESS} --confirm ${ADDRESS} --portal acme`)
      assert.deepEqual([await names('acme'), await names('beta')], [[], ['beta/sales@care.example/password']])
      await desk.json(0, 'secret verify --portal beta')
    })

    test('a new password or server is proved before it takes the place of the old one', async (t) => {
      const {desk, sink} = await withServer(t, kind)
      await desk.json(0, adds(sink), PASSWORD)
      const stillWorks = async () => {
        await desk.json(0, 'secret verify')
        await desk.json(0, `email update ${ADDRESS} --port ${sink.port} --security tls --keep-password`)
        const {server, state} = (await desk.json(0, `email show ${ADDRESS}`)).result
        assert.deepEqual([server.port, server.user, state], [sink.port, ADDRESS, 'ready'])
        assert.deepEqual(await secretsOf(desk), [`acme/${ADDRESS}/password vault`])
      }
      await desk.json(24, `email update ${ADDRESS} --password-stdin`, 'wrong-horse')
      await stillWorks()
      assert.equal((await desk.json(64, `email update ${ADDRESS} --user other`)).error.code, 'PASSWORD_NEEDED_AGAIN')
      await desk.json(24, `email update ${ADDRESS} --user other --keep-password`)
      await desk.json(78, `email update ${ADDRESS} --password-env NOT_SET`)
      await stillWorks()
      await desk.json(67, `email update ${ADDRESS} --password-stdin --queue suport`, PASSWORD)

      const moved = await startSmtpSink(t, {tls: true, auth: {user: 'other', pass: 'new-battery'}})
      await trust(desk, moved)
      const update = `email update ${ADDRESS} ${at(moved)} --user other --password-stdin`
      const {result} = await desk.json(0, update, 'new-battery')
      assert.deepEqual([result.changed, result.channel.server.port], [true, moved.port])
      assert.equal((await desk.json(0, update, 'new-battery')).result.changed, false)
      assert.deepEqual(await secretsOf(desk), [`acme/${ADDRESS}/password vault`])
      await desk.json(0, 'secret verify')

      const unproved = await desk.json(0, `email update ${ADDRESS} --password-stdin --no-verify`, 'some-other')
      assert.equal(unproved.result.channel.state, 'unverified')
      assert.equal((await desk.json(2, 'email status --fail-on unverified')).exitCode, 2)
      for (const secret of [PASSWORD, 'new-battery', 'some-other']) assert.ok(!desk.printed().includes(secret))
    })

    test('what went wrong before is forgotten when it is mended or switched on', async (t) => {
      const {desk, sink} = await withServer(t, kind)
      await desk.json(0, adds(sink), PASSWORD)
      const {portal_id: portalId, id} = (await findChannel(desk.store.db, (await desk.portal()).id, ADDRESS))!
      const error = {code: 'SMTP_AUTH', title: 'Refused', why: 'wrong password', at: NOW}
      const pause = async () => {
        await desk.store.transaction((tx) => resumeSender(tx, portalId, id))
        await pauseAccount(desk.store.db, portalId, id, error)
      }
      await pause()
      const {state, lastError} = (await desk.json(0, `email show ${ADDRESS}`)).result
      assert.deepEqual([state, lastError], ['failing', error])
      const off = await desk.json(0, `email update ${ADDRESS} --no-active`)
      assert.deepEqual([off.result.channel.state, off.result.channel.canSend], ['inactive', true])
      const on = await desk.json(0, `email update ${ADDRESS} --active`)
      assert.deepEqual([on.result.channel.state, on.result.changed], ['ready', true])
      await pause()
      assert.equal((await desk.json(0, `email update ${ADDRESS} --name Care`)).result.channel.state, 'failing')
      const mended = await desk.json(0, `email update ${ADDRESS} --password-stdin`, PASSWORD)
      assert.deepEqual([mended.result.channel.state, mended.result.channel.lastError], ['ready', null])
    })

    test('name, queue, reply, forwarding and address are changed like those of any address', async (t) => {
      const {desk, sink} = await withServer(t, kind)
      await desk.json(0, 'queue add sales')
      await desk.json(
        0,
        'email add internal info --name Info --queue sales --assign-online --auto-reply --auto-reply-subject Thanks --auto-reply-body Soon',
      )
      const {result} = await desk.json(0, adds(sink, ' --forwards-to info'), PASSWORD)
      assert.deepEqual(
        [result.channel.queue, result.channel.assignOnline, result.channel.autoReply],
        ['sales', true, {subject: 'Thanks', body: 'Soon'}],
      )
      const update = async (exitCode: number, words: string) =>
        (await desk.json(exitCode, `email update ${ADDRESS} ${words}`)).result?.channel
      assert.equal((await update(0, '--no-auto-reply --no-assign-online')).autoReply, null)
      const own = await update(0, '--auto-reply --auto-reply-subject Own --auto-reply-body Words --queue support')
      assert.deepEqual([own.autoReply, own.queue], [{subject: 'Own', body: 'Words'}, 'support'])
      const onlySends = await update(0, '--no-forwards-to')
      assert.deepEqual([onlySends.canReceive, onlySends.forwardsTo, onlySends.state], [false, null, 'ready'])
      await update(64, `--forwards-to ${ADDRESS}`)
      await update(67, '--forwards-to inffo')
      assert.equal((await update(0, '--forwards-to support')).forwardsTo, 'support@acme.example')
      assert.equal((await update(0, '--address care@other.example')).address, 'care@other.example')
      assert.equal((await update(0, '--name Care')).address, 'care@other.example', 'the former one is an alias')
      assert.deepEqual(await secretsOf(desk), ['acme/care@other.example/password vault'])
      await update(0, `--drop-alias ${ADDRESS}`)
      await update(67, '--name Care')
      const internal = await desk.json(64, 'email update support --host smtp.care.example --no-verify')
      assert.match(internal.error.why, /an internal address has no --host, --no-verify/)
      const removed = await desk.json(0, 'email remove support --confirm support@acme.example')
      assert.match(removed.warnings.join(), /care@other\.example came in by support@acme\.example/)
      assert.equal((await desk.json(0, 'email show care@other.example')).result.canReceive, false)
    })

    test('a removal takes the password along, and gives up what waits to leave', async (t) => {
      const {desk, sink} = await withServer(t, kind)
      await desk.json(0, adds(sink), PASSWORD)
      const mail = 'From: jane@example.com\r\nTo: support@acme.example\r\nSubject: Hi\r\n\r\nHello\r\n'
      await desk.run('email deliver --recipient=support@acme.example', mail)
      const portal = await desk.portal()
      const {id} = (await findChannel(desk.store.db, portal.id, ADDRESS))!
      const answer = await sendAnswer(desk.store, portal, 1, ['jane@example.com', 'joe@example.com'])
      await desk.store.db
        .updateTable('outgoing')
        .set({sender_id: id, channel_id: id, next_at: NOW})
        .where('message_id', '=', answer.id)
        .execute()
      await desk.store.db
        .updateTable('outgoing_recipient')
        .set({state: 'queued'})
        .where('message_id', '=', answer.id)
        .execute()
      const waits = await desk.json(64, `email remove ${ADDRESS}`)
      assert.match(waits.error.title, /2 recipients wait for mail from it/)
      const {result} = await desk.json(0, `email remove ${ADDRESS} --confirm ${ADDRESS}`)
      assert.deepEqual(result, {address: ADDRESS, notSent: 2, changed: true})
      const recipients = await desk.store.db.selectFrom('outgoing_recipient').selectAll().execute()
      assert.deepEqual(
        recipients.map(({state, reply}) => `${state}: ${reply}`),
        ['failed: its address was removed', 'failed: its address was removed'],
      )
      const {next_at: nextAt, sender_id: sender} = await desk.store.db
        .selectFrom('outgoing')
        .selectAll()
        .executeTakeFirstOrThrow()
      assert.deepEqual([nextAt, sender], [null, null])
      assert.ok((await desk.json(0, 'ticket show 1')).result.events.some((e: {kind: string}) => e.kind === 'not-sent'))
      assert.deepEqual(await secretsOf(desk), [])
      // Added again it is another address, and nothing of the former is left here.
      await desk.json(0, adds(sink, ' --no-verify').replace('--password-stdin', '--password-env NOT_SET'))
      await desk.json(78, 'secret verify')
    })

    test('on a machine without its password it is there, and says so', async (t) => {
      const {desk, sink} = await withServer(t, kind)
      await desk.json(0, adds(sink), PASSWORD)
      const other = await startMachine(t, desk.url)
      await trust(other, sink)
      assert.deepEqual(await addressesOf(other), [`${ADDRESS} secret-missing-here`, 'support@acme.example ready'])
      const {findings} = (await other.json(0, 'email status')).result
      assert.ok(findings.some(({code}: {code: string}) => code === 'SECRET_MISSING_HERE'))
      const name = `acme/${ADDRESS}/password`
      await other.json(0, `secret bind ${name} env:CARE`)
      assert.deepEqual((await addressesOf(other))[0], `${ADDRESS} secret-missing-here`, 'the variable is not set')
      other.env['CARE'] = PASSWORD
      assert.deepEqual((await addressesOf(other))[0], `${ADDRESS} ready`)
      await other.json(0, `secret verify ${name}`)
      await other.json(0, `secret set ${name} --value-stdin`, PASSWORD)
      await other.json(67, 'secret set acme/nobody@care.example/password --value-stdin', PASSWORD)
      assert.deepEqual(await secretsOf(other), [`${name} vault`])
      // A place that cannot be opened is no reason to show nothing.
      other.env['POSTDESK_VAULT_IDENTITY_FILE'] = undefined
      assert.deepEqual((await addressesOf(other))[0], `${ADDRESS} secret-missing-here`)
    })
  })

describe('email add smtp', () => {
  test('names all that is missing, before any network', async (t) => {
    const desk = await startMachine(t, 'sqlite:/nonexistent/store.sqlite')
    const missing = async (words: string) => (await desk.json(64, `email add smtp ${words}`.trim())).error.missing
    assert.deepEqual(await missing(''), ['ADDRESS', '--host', '--password-stdin'])
    assert.deepEqual(await missing(ADDRESS), ['--host', '--password-stdin'])
    assert.deepEqual(await missing('help@gmail.com'), ['--password-stdin'])
    assert.deepEqual(await missing(`${ADDRESS} --accept-discovered`), ['--password-stdin'])
    assert.equal(
      (await desk.json(64, `email add smtp ${ADDRESS} --password hunter2`)).error.code,
      'SECRET_ON_COMMAND_LINE',
    )
  })

  test('the server comes from the table, by the domain or its MX', async (t) => {
    const desk = await startAccountDesk(t, 'sqlite')
    const dns = await startDns(t, {'care.example': {mx: ['10 aspmx.l.google.com']}})
    desk.env['POSTDESK_RESOLVER'] = `${dns.address.host}:${dns.address.port}`
    const added = async (words: string) =>
      (await desk.json(0, `email add smtp ${words} --password-env X --no-verify`)).result.channel
    const own = await added('help@gmail.com')
    const {verifiedAt, ...server} = own.server
    assert.deepEqual(
      [own.state, verifiedAt, server],
      ['secret-missing-here', null, {host: 'smtp.gmail.com', port: 465, security: 'tls', user: 'help@gmail.com'}],
    )
    assert.deepEqual(dns.questions, [])
    assert.equal((await added(ADDRESS)).server.host, 'smtp.gmail.com')
    const starttls = (await added('two@care.example --security starttls')).server
    assert.deepEqual([starttls.host, starttls.port], ['smtp.gmail.com', 587])
    // Of a host that is known its ways in are: this one has no 465.
    const office = (await added('three@care.example --host SMTP.Office365.com')).server
    assert.deepEqual([office.host, office.port, office.security], ['smtp.office365.com', 587, 'starttls'])
    const plain = (await added('four@care.example --host smtp.other.example')).server
    assert.deepEqual([plain.port, plain.security, plain.user], [465, 'tls', 'four@care.example'])
    assert.equal((await added('five@care.example --host smtp.other.example --port 2525')).server.security, 'starttls')
    const clear = await desk.json(
      0,
      'email add smtp six@care.example --host smtp.other.example --security none --password-env X --no-verify',
    )
    assert.match(clear.warnings.join(), /in clear/)
    const {stderr} = await desk.run('email add smtp seven@care.example --password-env X --no-verify')
    assert.match(stderr, /Server: smtp\.gmail\.com:465 \(tls\), by the bundled table for MX aspmx\.l\.google\.com/)
  })

  test('what the domain publishes itself is used only when told to', async (t) => {
    const desk = await startAccountDesk(t, 'sqlite')
    const dns = await startDns(t, {
      'care.example': {mx: ['10 mx.care.example']},
      '_submissions._tcp.care.example': {srv: ['0 1 465 smtp.care.example']},
      'smtp.care.example': {a: ['8.8.8.8']},
      'inside.example': {mx: ['10 mx.inside.example']},
      '_submissions._tcp.inside.example': {srv: ['0 1 465 smtp.inside.example']},
      'smtp.inside.example': {a: ['10.0.0.1']},
      'nothing.example': {mx: ['10 mx.nothing.example']},
    })
    desk.env['POSTDESK_RESOLVER'] = `${dns.address.host}:${dns.address.port}`
    const add = (address: string) => `email add smtp ${address} --password-env X --no-verify`
    const refused = await desk.json(64, add(ADDRESS))
    assert.deepEqual(refused.error.missing, ['--host'])
    assert.match(
      refused.error.why,
      /smtp\.care\.example:465 \(tls\), by the DNS record _submissions\._tcp\.care\.example/,
    )
    assert.match(JSON.stringify(refused.error.fixes), /--accept-discovered/)
    for (const address of ['help@inside.example', 'help@nothing.example'])
      assert.match((await desk.json(64, `${add(address)} --accept-discovered`)).error.why, /no server is known for/)
    const {result, warnings} = await desk.json(0, `${add(ADDRESS)} --accept-discovered`)
    assert.deepEqual([result.channel.server.host, result.channel.server.port], ['smtp.care.example', 465])
    assert.match(warnings.join(), /names this server itself/)
  })

  test('a provider that takes no password is refused before one is asked for', async (t) => {
    const desk = await startAccountDesk(t, 'sqlite')
    const refused = await desk.json(25, 'email add smtp help@outlook.com --password-stdin', PASSWORD)
    assert.equal(refused.error.code, 'PASSWORDS_REFUSED')
    assert.match(refused.error.why, /No password is taken/)
    assert.deepEqual(await addressesOf(desk), ['support@acme.example ready'])
    await desk.json(0, 'email add smtp help@outlook.com --password-stdin --no-verify', PASSWORD)
  })

  test('the spaces that Google shows in an app password are left out', async (t) => {
    const gmail = providerOfDomain('gmail.com')
    const bare = (text: string) => withoutPastedSpaces(new Secret(text), gmail)?.reveal()
    assert.equal(bare('abcd efgh ijkl mnop'), 'abcdefghijklmnop')
    assert.equal(bare('abcd\u00A0efgh\u00A0ijkl\u00A0mnop'), 'abcdefghijklmnop')
    for (const text of ['abcdefghijklmnop', 'four words pass here', 'abcd efgh ijkl', 'abc1 efgh ijkl mnop'])
      assert.equal(bare(text), undefined, text)
    assert.equal(withoutPastedSpaces(new Secret('abcd efgh ijkl mnop'), providerOfDomain('yahoo.com')), null)
    const desk = await startAccountDesk(t, 'sqlite')
    const line = 'email add smtp help@gmail.com --password-stdin --no-verify'
    const {warnings} = await desk.json(0, line, 'abcd efgh ijkl mnop\n')
    assert.match(warnings.join(), /spaces of the app password were left out/)
    for (const form of ['abcd efgh', 'abcdefgh']) assert.ok(!desk.printed().includes(form))
  })

  test('what stands in the way has an exit code of its own, and saves nothing', async (t) => {
    const desk = await startAccountDesk(t, 'sqlite')
    const sink = await startSmtpSink(t, {tls: true, auth: {user: ADDRESS, pass: PASSWORD}})
    const plain = await startScriptedSmtp(t)
    const gone = await startSmtpSink(t)
    await gone.stop()
    const fails = async (exitCode: number, server: string) =>
      desk.json(exitCode, `email add smtp ${ADDRESS} ${server} --password-stdin`, PASSWORD)
    await fails(20, '--host no-such-host.invalid')
    await fails(21, `--host 127.0.0.1 --port ${gone.port}`)
    await fails(22, at(sink))
    await fails(22, `--host 127.0.0.1 --port ${plain.port} --security starttls`)
    assert.ok(!plain.commands.some((command) => command.startsWith('AUTH')), 'without TLS no password leaves')
    plain.script = {AUTH: ({reply}) => reply('534 5.7.9 Application-specific password required')}
    await fails(25, `--host 127.0.0.1 --port ${plain.port} --security none`)
    plain.script = {AUTH: ({reply}) => reply('454 4.7.0 Temporary authentication failure')}
    await fails(75, `--host 127.0.0.1 --port ${plain.port} --security none`)
    await desk.json(66, `email add smtp ${ADDRESS} ${at(sink)} --password-file ${join(desk.home, 'nothing')}`)
    await desk.json(78, `email add smtp ${ADDRESS} ${at(sink)} --password-env NOT_SET`)
    assert.deepEqual([await addressesOf(desk), await secretsOf(desk)], [['support@acme.example ready'], []])
    plain.script = {}
    const {result} = await desk.json(
      0,
      `email add smtp ${ADDRESS} --host 127.0.0.1 --port ${plain.port} --security none --password-stdin`,
      PASSWORD,
    )
    assert.equal(result.channel.state, 'ready')
    assert.ok(!desk.printed().includes(PASSWORD))
  })

  test('a signal while the server is silent ends it, and saves nothing', async (t) => {
    const desk = await startAccountDesk(t, 'sqlite')
    const silent = await startScriptedSmtp(t, {greeting: ({freeze}) => freeze()})
    const words = `email add smtp ${ADDRESS} --host 127.0.0.1 --port ${silent.port} --security none --password-stdin`
    const running = startPostdesk(words.split(' '), {home: desk.home, env: desk.env, input: PASSWORD})
    while (silent.connections() === 0) await sleep(20)
    running.kill('SIGINT')
    assert.equal((await running.ended).code, 130)
    assert.deepEqual([await addressesOf(desk), await secretsOf(desk)], [['support@acme.example ready'], []])
  })

  test('on a terminal it asks for what is missing, and shows the command for the next time', async (t) => {
    const {desk, sink} = await withServer(t, 'sqlite')
    const terminal = openTerminal(t, `${process.execPath} ${join(ROOT, 'bin/run.js')} email add`, {
      ...onlyOwn(),
      ...desk.env,
      POSTDESK_HOME: desk.home,
      POSTDESK_RESOLVER: await emptyDns(t),
    })
    const answer = async (question: string | RegExp, keys: string) => {
      await terminal.waitFor(question)
      terminal.type(keys)
    }
    await answer('Kind of address', '\u001B[B\r')
    await answer('Address', `${ADDRESS}\r`)
    await answer('SMTP server', 'localhost\r')
    await answer('Port', `\u0015${sink.port}\r`)
    await answer('Security', '\u001B[A\r')
    await answer('User', '\r')
    await answer('Full name', '\r')
    await answer('Internal address that its mail is forwarded to', '\r')
    await answer('Password (kept in the vault)', `${PASSWORD}\r`)
    const end = await terminal.waitFor('Next time:')
    assert.match(end, /help@care\.example added: its mail comes in by support@acme\.example/)
    await terminal.waitFor(/--forwards-to support@acme\.example/)
    assert.ok(!terminal.screen().includes(PASSWORD))
    assert.deepEqual(await addressesOf(desk), [`${ADDRESS} ready`, 'support@acme.example ready'])
  })
})

/** The environment without what would keep the program from asking. */
const onlyOwn = () => ({CI: undefined, NODE_OPTIONS: undefined, NODE_TEST_CONTEXT: undefined})

async function emptyDns(t: TestContext): Promise<string> {
  const {address} = await startDns(t)
  return `${address.host}:${address.port}`
}
