import assert from 'node:assert/strict'
import {existsSync, readFileSync} from 'node:fs'
import {chmod, mkdir, readdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {describe, test, type TestContext} from 'node:test'
import type {DoctorReport} from '../../src/lib/doctor.ts'
import {CHECK_IDS} from '../../src/lib/doctor/checks.ts'
import type {Check} from '../../src/lib/doctor/examine.ts'
import {
  startAccountDesk,
  startMachine,
  trust,
  type AccountDesk,
  type Machine,
  type Printed,
} from '../support/accounts.ts'
import {startDns, type DnsServer} from '../support/dns-server.ts'
import {firstSchemaFile} from '../support/first-schema.ts'
import {keychainMissing, startKeychain} from '../support/keychain.ts'
import {pauseAccount} from '../support/pause-account.ts'
import {temporaryHome} from '../support/run-postdesk.ts'
import {startSmtpSink} from '../support/smtp-sink.ts'
import {emptyStoreUrl, freePort, STORES, type StoreKind} from '../support/stores.ts'

const ADDRESS = 'help@care.example'
const PASSWORD = 'correct-horse-battery'
/** Nothing is asked where nothing is there. */
const QUIET: Readonly<Record<string, string | undefined>> = {NODE_EXTRA_CA_CERTS: undefined, HTTPS_PROXY: undefined}

interface HealthyDesk extends AccountDesk {
  readonly dns: DnsServer
}

/** A desk at which all is well: it fetches from a Maildir, and sends by an SMTP address. */
async function startHealthyDesk(t: TestContext, kind: StoreKind): Promise<HealthyDesk> {
  const desk = await startAccountDesk(t, kind)
  const dns = await startDns(t)
  const sink = await startSmtpSink(t, {tls: true, auth: {user: ADDRESS, pass: PASSWORD}})
  await trust(desk, sink)
  desk.env['POSTDESK_RESOLVER'] = `127.0.0.1:${dns.address.port}`
  const maildir = join(desk.home, 'maildir')
  for (const part of ['new', 'cur', 'tmp']) await mkdir(join(maildir, part), {recursive: true})
  await desk.json(
    0,
    `email add smtp ${ADDRESS} --host localhost --port ${sink.port} --security tls --queue support --password-stdin`,
    `${PASSWORD}\n`,
  )
  for (const line of [
    `queue update support --sender ${ADDRESS}`,
    'agent add ann@acme.example --name Ann --queue support',
    'agent online ann@acme.example',
    `portal inbound set maildir --path ${maildir}`,
    'email sync',
  ])
    await desk.json(0, line)
  return {...desk, dns}
}

/** The report, and each check by its id. */
async function examined(machine: Pick<Machine, 'json'>, exitCode: number, flags = '') {
  const printed = await machine.json(exitCode, `doctor${flags}`)
  const report = printed.result as DoctorReport
  assertContract(printed, report)
  return {
    ...report,
    printed,
    by: Object.fromEntries(report.checks.map((check) => [check.id, check])) as Record<Check['id'], Check>,
  }
}

function assertContract({error, exitCode}: Printed, {checks, verdict}: DoctorReport): void {
  assert.deepEqual(
    checks.map(({id}) => id),
    CHECK_IDS,
  )
  assert.equal(verdict.exitCode, exitCode)
  if (verdict.status === 'fail') {
    const {status: _, exitCode: __, ...said} = verdict
    assert.deepEqual(error, said, 'the error is the verdict')
  } else assert.equal(error, undefined)
  for (const {id, status, code, fixes = [], because} of checks) {
    assert.equal(code === undefined, status === 'pass' || status === 'skip', id)
    assert.equal(because === undefined, status !== 'skip', id)
    if (status === 'warn' || status === 'fail') assert.ok(fixes.length > 0, `${id} says how it is mended`)
  }
}

const odd = ({checks}: DoctorReport) =>
  checks.flatMap(({id, status, code}) => (code === undefined ? [] : [`${status} ${id} ${code}`]))

for (const kind of STORES)
  describe(`doctor on ${kind}`, () => {
    test('finds nothing where all is well, and asks nobody else', async (t) => {
      const desk = await startHealthyDesk(t, kind)
      const report = await examined(desk, 0)
      assert.deepEqual(odd(report), [])
      assert.deepEqual(
        report.checks.filter(({status}) => status !== 'pass').map(({id}) => id),
        [],
      )
      assert.deepEqual(desk.dns.questions, ['MX acme.example'])
      assert.match(report.verdict.title, /^All 27 checks pass$/)
      const {stdout, stderr, code} = await desk.run('doctor')
      assert.deepEqual([code, stderr], [0, ''])
      assert.equal(stdout.match(/^PASS {2}/gm)!.length, 27)
      assert.match(stdout, /✓ All 27 checks pass\n$/)
      assert.ok(!desk.printed().includes(PASSWORD))
    })

    test('takes what it puts into the secret place out again', async (t) => {
      const desk = await startHealthyDesk(t, kind)
      const secrets = async () => (await desk.json(0, 'secret list')).result
      const before = await secrets()
      await examined(desk, 0)
      assert.deepEqual(await secrets(), before)
      const {result} = await desk.json(0, 'secret verify')
      assert.equal(result.secrets.length, 1)
    })

    test('fails for mail that nothing sends, and for an account that is paused', async (t) => {
      const desk = await startHealthyDesk(t, kind)
      const {store} = desk
      await desk.json(
        0,
        'ticket add --to jane@example.com --from help@care.example --subject Hello --queue support --body Hello',
      )
      const hourAgo = new Date(Date.now() - 60 * 60_000).toISOString()
      await store.db.updateTable('outgoing_recipient').set({state: 'queued'}).execute()
      await store.db.updateTable('outgoing').set({next_at: hourAgo}).execute()
      const overdue = await examined(desk, 28)
      assert.deepEqual(odd(overdue), ['fail outbox OUTBOX_OVERDUE'])
      assert.match(overdue.by.outbox.title, new RegExp(`^Mail waits to be sent since ${hourAgo}$`))
      assert.match(JSON.stringify(overdue.verdict.fixes), /postdesk outbox send --watch --portal acme/)

      const {id} = await store.db
        .selectFrom('channel')
        .select('id')
        .where('kind', '=', 'smtp')
        .executeTakeFirstOrThrow()
      const refused = {code: 'SMTP_AUTH', exitCode: 24, title: 'Refused', why: 'wrong password', at: hourAgo}
      await pauseAccount(store.db, (await desk.portal()).id, id, refused)
      const paused = await examined(desk, 24)
      assert.deepEqual(odd(paused), ['fail accounts SENDER_PAUSED'])
      const {stdout, stderr, code} = await desk.run('doctor')
      assert.deepEqual([code, stderr], [24, ''])
      assert.match(stdout, /^FAIL {2}accounts {6}Nothing leaves by help@care\.example since /m)
      assert.match(stdout, /\n1 of 27 checks fails\. It is this:\n✗ Nothing leaves .*\[SENDER_PAUSED · exit 24\]\n/)
    })

    test('finds what is odd in a portal, and ends with 0 where it works all the same', async (t) => {
      const desk = await startHealthyDesk(t, kind)
      const {store} = desk
      await desk.json(0, 'agent offline ann@acme.example')
      await desk.json(0, 'queue add sales')
      await desk.json(0, 'email add internal sales --name Sales --queue sales --assign-online')
      await store.db.updateTable('smtp_channel').set({verified_at: null}).execute()
      const internal = await store.db
        .selectFrom('channel')
        .select('id')
        .where('address', '=', 'support@acme.example')
        .executeTakeFirstOrThrow()
      await store.db.updateTable('smtp_channel').set({forwards_to_id: internal.id}).execute()
      const report = await examined(desk, 0)
      assert.deepEqual(odd(report), [
        'warn queues QUEUE_WITHOUT_MEMBERS',
        'warn agents NOBODY_ONLINE',
        'warn logins LOGIN_UNVERIFIED',
        'warn forwarding FORWARDING_UNVERIFIED',
      ])
      assert.match(report.by.queues.title, /^Queue sales has no members \(and 1 more\)$/)
      assert.match(report.by.queues.why!, /Queue sales has no sender/)
      assert.deepEqual([report.verdict.status, report.verdict.stage], ['warn', 'queues'])

      const longAgo = new Date(Date.now() - 8 * 24 * 60 * 60_000).toISOString()
      await store.db
        .updateTable('channel')
        .set({created_at: longAgo})
        .where('address', '=', 'sales@acme.example')
        .execute()
      assert.match(
        (await examined(desk, 0)).by.silence.title,
        /^No mail has come for sales@acme\.example within 7 days$/,
      )
      const mail = 'From: Jane <jane@example.com>\r\nTo: sales@acme.example\r\nSubject: Hello\r\n\r\nHello\r\n'
      await desk.json(0, 'email deliver --recipient=sales@acme.example', mail)
      assert.equal((await examined(desk, 0)).by.silence.status, 'pass')
    })

    test('looks at every portal of the store, or at the one that is named', async (t) => {
      const desk = await startHealthyDesk(t, kind)
      await desk.json(0, 'portal add beta --domain beta.example')
      await desk.json(0, 'queue add support --portal beta')
      await desk.json(0, 'email add internal hello --name Hello --portal beta')
      assert.deepEqual(odd(await examined(desk, 0, ' --portal acme')), [])
      const all = await examined(desk, 78)
      assert.deepEqual(odd(all), [
        'fail inbound NO_INBOUND',
        'warn queues QUEUE_WITHOUT_MEMBERS',
        'warn agents NO_AGENT',
      ])
      assert.match(all.by.inbound.title, /^beta: No mail comes in$/)
      assert.match(JSON.stringify(all.verdict.fixes), /--portal beta/)
      const {error} = await desk.json(67, 'doctor --portal bta')
      assert.match(JSON.stringify(error.fixes), /Did you mean \\"beta\\"/)
    })

    test('names the server that cannot be reached, and the resolver that is silent', async (t) => {
      const desk = await startHealthyDesk(t, kind)
      const port = await freePort()
      await desk.store.db.updateTable('smtp_channel').set({port}).execute()
      const refused = await examined(desk, 21)
      assert.deepEqual(
        odd(refused).filter((line) => !line.includes('SECRET')),
        ['fail outbound TCP_REFUSED'],
      )
      assert.equal(refused.by.passwords.code, 'SECRET_MISSING_HERE', 'the password was given for another port')
      desk.env['POSTDESK_RESOLVER'] = `127.0.0.1:${await freePort()}`
      assert.equal((await examined(desk, 20)).by.resolvers.code, 'DNS_UNAVAILABLE')
      desk.env['POSTDESK_RESOLVER'] = 'resolver.example'
      assert.equal((await examined(desk, 21)).by.resolvers.exitCode, 64)
    })
  })

describe('doctor where there is no store', () => {
  test('looks at the machine, skips what it cannot, and makes nothing', async (t) => {
    const machine = await startMachine(t, '')
    Object.assign(machine.env, QUIET, {POSTDESK_STORE: undefined, POSTDESK_RESOLVER: undefined})
    const before = await readdir(machine.home)
    const report = await examined(machine, 0)
    assert.deepEqual(odd(report), [])
    assert.equal(report.by.store.because, 'there is none yet; the first `postdesk portal add` makes it')
    assert.equal(report.by.outbox.because, 'there is no store yet')
    assert.equal(report.by['secret-place'].title, 'The vault has its key; it is made with the first secret')
    const after = await readdir(machine.home)
    // What is compiled is kept by every command.
    assert.deepEqual(
      after.filter((name) => name !== 'cache'),
      before,
    )
  })

  test('fails where one was named', async (t) => {
    const machine = await startMachine(t, `sqlite:${await temporaryHome(t)}/none.sqlite`)
    const report = await examined(machine, 69)
    assert.deepEqual(odd(report), ['fail store STORE_UNAVAILABLE'])
    assert.equal(report.by.schema.because, 'it needs store, which did not pass')
    assert.equal(existsSync(machine.env['POSTDESK_STORE']!.slice('sqlite:'.length)), false)
  })

  test('says what is wrong with where it should be, and with the settings', async (t) => {
    const machine = await startMachine(t, 'mysql://acme')
    assert.equal((await examined(machine, 64)).by.store.code, 'USAGE')
    Object.assign(machine.env, QUIET, {POSTDESK_STORE: undefined})
    await mkdir(join(machine.home, 'config'))
    await writeFile(join(machine.home, 'config/config.json'), '{"store": ', {mode: 0o600})
    const {by} = await examined(machine, 65)
    assert.equal(by.settings.code, 'BAD_FILE_CONTENT')
    assert.equal(by.store.because, 'it needs settings, which did not pass')
  })

  test('finds a file that is no database', async (t) => {
    const file = join(await temporaryHome(t), 'store.sqlite')
    await writeFile(file, 'this is no database, and never was one: it is text\n'.repeat(100), {mode: 0o600})
    const report = await examined(await startMachine(t, `sqlite:${file}`), 69)
    assert.deepEqual(odd(report), ['fail store STORE_UNAVAILABLE'])
  })
})

for (const kind of STORES)
  describe(`doctor and the schema on ${kind}`, () => {
    test('tells of a store that is older or newer, and migrates nothing', async (t) => {
      const url = await emptyStoreUrl(t, kind)
      const machine = await startMachine(t, url)
      await execute(url, readFileSync(firstSchemaFile(kind), 'utf8'))
      const older = await examined(machine, kind === 'sqlite' ? 0 : 78)
      assert.deepEqual(
        odd(older).filter((line) => line.includes('schema')),
        [kind === 'sqlite' ? 'warn schema SCHEMA_TOO_OLD' : 'fail schema SCHEMA_TOO_OLD'],
      )
      assert.equal(older.by.outbox.because, 'it needs schema, which did not pass')
      assert.match(JSON.stringify(older.by.schema.fixes), /postdesk store migrate/)
      assert.equal((await machine.json(0, 'store status')).result.schema.version, 1)

      await execute(url, "insert into migration values (99, 'of the future', '2030-01-01')")
      assert.deepEqual(
        odd(await examined(machine, 78)).filter((line) => line.includes('schema')),
        ['fail schema SCHEMA_TOO_NEW'],
      )
    })
  })

test('doctor says that PostgreSQL is not there, or refuses', async (t) => {
  const machine = await startMachine(t, `postgres://desk@127.0.0.1:${await freePort()}/desk`)
  const {by} = await examined(machine, 69)
  assert.deepEqual([by.store.status, by.store.why], ['fail', 'nothing listens at that host and port'])
  assert.equal(by.queues.because, 'it needs store, which did not pass')
})

test('doctor says what lies open to other users, and the command that closes it', async (t) => {
  const desk = await startHealthyDesk(t, 'sqlite')
  const vault = join(desk.home, 'data/vault.age')
  await chmod(vault, 0o644)
  const {by, verdict} = await examined(desk, 77)
  assert.deepEqual([by.modes.status, by.modes.code], ['fail', 'MODE_TOO_OPEN'])
  assert.equal(by['secret-place'].code, 'MODE_TOO_OPEN', 'the vault itself refuses to be read')
  assert.equal(by.passwords.because, 'it needs secret-place, which did not pass')
  assert.equal(verdict.fixes[0]!.command, `chmod 0600 '${vault}'`)
  await chmod(vault, 0o600)
  await chmod(desk.url.slice('sqlite:'.length), 0o644)
  assert.equal((await examined(desk, 77)).by.modes.status, 'fail')
})

test('doctor says that the vault has the wrong key, or none', async (t) => {
  const desk = await startHealthyDesk(t, 'sqlite')
  const key = desk.env['POSTDESK_VAULT_IDENTITY_FILE']
  Object.assign(desk.env, {POSTDESK_VAULT_IDENTITY_FILE: undefined, POSTDESK_VAULT_PASSPHRASE: 'of nobody'})
  assert.deepEqual(odd(await examined(desk, 78)), ['fail secret-place SECRET_PLACE_CLOSED'])
  desk.env['POSTDESK_VAULT_PASSPHRASE'] = undefined
  assert.deepEqual(odd(await examined(desk, 78)), ['fail secret-place NOT_CONFIGURED'])
  desk.env['POSTDESK_VAULT_IDENTITY_FILE'] = key
  assert.deepEqual(odd(await examined(desk, 0)), [])
})

describe('doctor and the keychain', {skip: keychainMissing()}, () => {
  /** A desk that keeps the password of its address in a keychain, or by a reference. */
  async function startKeychainDesk(t: TestContext, options: Parameters<typeof startKeychain>[1] = {}) {
    const desk = await startHealthyDesk(t, 'sqlite')
    const keychain = await startKeychain(t, options)
    Object.assign(desk.env, {
      POSTDESK_SECRET_STORE: 'keychain',
      DBUS_SESSION_BUS_ADDRESS: keychain.env['DBUS_SESSION_BUS_ADDRESS'],
      XDG_RUNTIME_DIR: keychain.env['XDG_RUNTIME_DIR'],
    })
    return {desk, keychain}
  }
  const SECRET = `acme/${ADDRESS}/password`

  test('one that works keeps a value and gives it back', async (t) => {
    const {desk} = await startKeychainDesk(t)
    await desk.json(0, `secret set ${SECRET} --value-stdin`, `${PASSWORD}\n`)
    const report = await examined(desk, 0)
    assert.deepEqual(odd(report), [])
    assert.equal(report.by['secret-place'].title, 'The keychain keeps a value, and gives it back')
  })

  test('one that is locked is said to be, with the other ways there are', async (t) => {
    const {desk, keychain} = await startKeychainDesk(t)
    await desk.json(0, `secret set ${SECRET} --value-stdin`, `${PASSWORD}\n`)
    await keychain.lock()
    const report = await examined(desk, 78)
    assert.deepEqual(odd(report), ['fail secret-place NO_SECRET_PLACE'])
    assert.match(report.verdict.why, /the keychain is locked/)
    assert.match(
      JSON.stringify(report.verdict.fixes),
      /gnome-keyring-daemon --unlock.*--secret-store vault.*--password-env/,
    )
    assert.equal(report.by.passwords.because, 'it needs secret-place, which did not pass')
  })

  test('one that is not there is odd where every password is a reference, and a failure else', async (t) => {
    const {desk} = await startKeychainDesk(t, {service: false})
    assert.deepEqual(odd(await examined(desk, 78)), ['fail secret-place NO_SECRET_PLACE'])
    desk.env['CARE_PASSWORD'] = PASSWORD
    await desk.json(0, `secret bind ${SECRET} env:CARE_PASSWORD`)
    assert.deepEqual(odd(await examined(desk, 0)), ['warn secret-place NO_SECRET_PLACE'])
  })

  test('one that waits for a person is not waited for twice', async (t) => {
    const {desk, keychain} = await startKeychainDesk(t, {dialog: 'ignored'})
    await desk.json(0, `secret set ${SECRET} --value-stdin`, `${PASSWORD}\n`)
    await keychain.lock()
    const began = performance.now()
    const report = await examined(desk, 78)
    const took = performance.now() - began
    assert.deepEqual(odd(report), ['fail secret-place NO_SECRET_PLACE'])
    assert.match(report.verdict.why, /no answer within 5 s/)
    assert.ok(took > 4900 && took < 60_000, `${took} ms`)
  })
})

/** Runs SQL as it stands in a store that no program has open. */
async function execute(url: string, sql: string): Promise<void> {
  if (url.startsWith('sqlite:')) {
    const {default: Database} = await import('better-sqlite3')
    const database = new Database(url.slice('sqlite:'.length))
    database.exec(sql)
    database.close()
    await chmod(url.slice('sqlite:'.length), 0o600)
    return
  }
  const {default: pg} = await import('pg')
  const client = new pg.Client({connectionString: url})
  await client.connect()
  await client.query(sql)
  await client.end()
}
