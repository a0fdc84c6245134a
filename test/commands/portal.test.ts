import assert from 'node:assert/strict'
import {existsSync} from 'node:fs'
import {readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {describe, test, type TestContext} from 'node:test'
import {postdesk, postdeskJson, temporaryHome} from '../support/run-postdesk.ts'

/** A home with a portal `acme`, and the program in it. */
async function withPortal(t: TestContext) {
  const home = await temporaryHome(t)
  const passphrase = join(home, 'passphrase')
  await writeFile(passphrase, 'correct horse battery staple\n', {mode: 0o600})
  const vault = {POSTDESK_SECRET_STORE: 'vault', POSTDESK_VAULT_PASSPHRASE_FILE: passphrase}
  const run = (args: readonly string[], options: {input?: string; env?: Record<string, string | undefined>} = {}) =>
    postdeskJson(args, {home, ...options, env: {...vault, ...options.env}})
  await run(['portal', 'add', 'acme', '--domain', 'acme.example'])
  return {home, run}
}

describe('portal', () => {
  test('a bad value, or a missing one, makes no store', async (t) => {
    const home = await temporaryHome(t)
    const run = (...args: string[]) => postdeskJson(['portal', 'add', ...args], {home})
    const missing = await run()
    assert.deepEqual([missing.exitCode, missing.error.missing], [64, ['KEY', '--domain']])
    for (const args of [
      ['Acme', '--domain', 'acme.example'],
      ['acme', '--domain', 'acme'],
      ['acme', '--domain', 'acme.example', '--timezone', 'Nowhere'],
    ])
      assert.equal((await run(...args)).exitCode, 64, args.join(' '))
    assert.equal(existsSync(join(home, 'data')), false)
    const list = await postdeskJson(['portal', 'list'], {home})
    assert.deepEqual([list.exitCode, list.error.code], [67, 'NO_PORTAL'])
  })

  test('add, list, show, update, remove in JSON', async (t) => {
    const {run} = await withPortal(t)
    const again = await run(['portal', 'add', 'acme', '--domain', 'acme.example', '--if-not-exists'])
    assert.deepEqual([again.exitCode, again.result.changed, again.nextSteps], [0, false, []])
    assert.equal((await run(['portal', 'add', 'acme', '--domain', 'acme.example'])).exitCode, 73)
    assert.equal((await run(['portal', 'add', 'other', '--domain', 'acme.example'])).error.code, 'DOMAIN_EXISTS')

    const {createdAt, ...shown} = (await run(['portal', 'show'])).result
    assert.match(createdAt, /^\d{4}-.*Z$/)
    assert.deepEqual(shown, {
      key: 'acme',
      domain: 'acme.example',
      name: 'acme',
      timezone: 'UTC',
      locale: 'en',
      maxMessageSize: 157_286_400,
      inbound: null,
    })
    assert.equal((await run(['portal', 'update'])).exitCode, 64)
    const update = ['portal', 'update', 'acme', '--name', 'Acme', '--timezone', 'Asia/Ho_Chi_Minh']
    assert.equal((await run(update)).result.changed, true)
    assert.equal((await run(update)).result.changed, false)

    const unconfirmed = await run(['portal', 'remove', '--yes'])
    assert.deepEqual([unconfirmed.exitCode, unconfirmed.error.missing], [64, ['--confirm acme']])
    assert.equal((await run(['portal', 'remove', 'acme', '--confirm', 'acm'])).exitCode, 64)
    assert.deepEqual((await run(['portal', 'remove', 'acme', '--confirm', 'acme'])).result, {
      key: 'acme',
      changed: true,
    })
    assert.deepEqual((await run(['portal', 'list'])).result, {portals: []})
  })

  test('in a store of two, reading follows the current one and changes want it named', async (t) => {
    const {run} = await withPortal(t)
    await run(['portal', 'add', 'beta', '--domain', 'beta.example'])
    assert.equal((await run(['portal', 'show'])).error.code, 'PORTAL_AMBIGUOUS')
    const near = await run(['portal', 'use', 'betta'])
    assert.deepEqual([near.exitCode, near.error.fixes[0].text], [67, 'Did you mean "beta"?'])
    assert.equal((await run(['portal', 'use', 'beta'])).result.changed, true)
    assert.equal((await run(['portal', 'use', 'beta'])).result.changed, false)
    assert.equal((await run(['portal', 'show'])).result.key, 'beta')
    const portals = (await run(['portal', 'list'])).result.portals as {key: string; current: boolean}[]
    assert.deepEqual(
      portals.map(({key, current}) => [key, current]),
      [
        ['acme', false],
        ['beta', true],
      ],
    )
    for (const change of [
      ['portal', 'update', '--name', 'X'],
      ['queue', 'add', 'support'],
      ['agent', 'add', 'ann@x.example', '--name', 'Ann'],
      ['email', 'add', 'internal', 'support', '--name', 'S', '--queue', 'support'],
      ['email', 'update', 'support', '--no-active'],
      ['portal', 'inbound', 'unset'],
    ]) {
      const refused = await run(change)
      assert.deepEqual([refused.exitCode, refused.error.missing], [64, ['--portal']], change.join(' '))
    }
    assert.equal((await run(['queue', 'add', 'support'], {env: {POSTDESK_PORTAL: 'acme'}})).exitCode, 0)
    // Fully apart: the same key again, and what one has the other has not.
    assert.equal((await run(['queue', 'add', 'support', '--portal', 'beta'])).exitCode, 0)
    await run(['queue', 'update', 'support', '--name', 'Beta', '--portal', 'beta'])
    assert.equal((await run(['queue', 'show', 'support', '--portal', 'acme'])).result.name, 'support')
    await run(['portal', 'remove', 'beta', '--confirm', 'beta'])
    assert.equal((await run(['queue', 'list'])).result.queues.length, 1)
  })
})

describe('portal inbound', () => {
  const set = ['portal', 'inbound', 'set', 'imap', '--host', 'IMAP.acme.example', '--user', 'all@acme.example']

  test('every missing value is named at once', async (t) => {
    const {run} = await withPortal(t)
    const missing = await run(['portal', 'inbound', 'set', 'imap'])
    assert.deepEqual(missing.error.missing, ['--host', '--user', '--password-stdin'])
    const password = await run(set)
    assert.deepEqual([password.exitCode, password.error.missing], [64, ['--password-stdin']])
    assert.deepEqual((await run(['portal', 'inbound', 'set', 'maildir'])).error.missing, ['--path'])
    assert.deepEqual((await run(['portal', 'inbound', 'show'])).result, {inbound: null})
  })

  test('a copy of the password is kept on this machine, and the store has its name alone', async (t) => {
    const {home, run} = await withPortal(t)
    const give = [...set, '--password-stdin']
    const {result} = await run(give, {input: 'hunter2 two\n'})
    assert.deepEqual(result, {
      inbound: {
        kind: 'imap',
        host: 'imap.acme.example',
        port: 993,
        security: 'tls',
        user: 'all@acme.example',
        mailbox: 'INBOX',
        envelopeHeader: null,
        trustedAuthservId: null,
        markSeen: false,
        moveTo: null,
        identity: 'imap:all@acme.example@imap.acme.example:993/INBOX',
        secret: 'acme/inbound/password',
        lastSyncAt: null,
        lastError: null,
      },
      changed: true,
    })
    assert.equal((await run(give, {input: 'hunter2 two\n'})).result.changed, false)
    assert.equal((await run(give, {input: 'another\n'})).result.changed, true)
    // The password is there: it need not be given again for the same account.
    assert.equal((await run([...set, '--mark-seen'])).result.inbound.markSeen, true)
    for (const file of ['data/postdesk.sqlite', 'data/postdesk.sqlite-wal', 'data/vault.age'])
      if (existsSync(join(home, file)))
        assert.equal((await readFile(join(home, file))).includes('hunter2'), false, file)
  })

  test('another host, port, security or user needs it again, or --keep-password', async (t) => {
    const {run} = await withPortal(t)
    await run([...set, '--password-env', 'MAIL'], {env: {MAIL: 'x'}})
    const account = {host: 'imap.acme.example', user: 'all@acme.example', port: '993', security: 'tls'}
    for (const change of [{host: 'other.example'}, {user: 'other'}, {port: '143'}, {security: 'starttls'}]) {
      const flags = Object.entries({...account, ...change}).flatMap(([name, value]) => [`--${name}`, value])
      const refused = await run(['portal', 'inbound', 'set', 'imap', ...flags])
      assert.deepEqual([refused.exitCode, refused.error.code], [64, 'PASSWORD_NEEDED_AGAIN'], flags.join(' '))
    }
    assert.equal((await run(['portal', 'inbound', 'show'])).result.inbound.port, 993)
    const kept = await run([...set, '--port', '143', '--keep-password'])
    assert.deepEqual([kept.exitCode, kept.result.inbound.security], [0, 'starttls'])
    const secrets = (await run(['secret', 'list'])).result.secrets as {source: string}[]
    assert.deepEqual(
      secrets.map(({source}) => source),
      ['env:MAIL'],
    )
  })

  test('without a place for a copy nothing is saved', async (t) => {
    const {run} = await withPortal(t)
    const nowhere = {POSTDESK_VAULT_PASSPHRASE_FILE: undefined}
    const refused = await run([...set, '--password-stdin'], {input: 'x\n', env: nowhere})
    assert.equal(refused.exitCode, 78)
    assert.deepEqual((await run(['portal', 'inbound', 'show'])).result, {inbound: null})
    assert.equal((await run([...set, '--password-env', 'MAIL'], {env: {...nowhere, MAIL: 'x'}})).exitCode, 0)
  })

  test('a password on the command line is refused, and a bad reference is not repeated', async (t) => {
    const {run} = await withPortal(t)
    const refused = await run([...set, '--password', 'hunter2'])
    assert.deepEqual([refused.exitCode, refused.error.code], [64, 'SECRET_ON_COMMAND_LINE'])
    assert.equal(JSON.stringify(refused).includes('hunter2'), false)
    const reference = await run([...set, '--password-ref', 'hunter2'])
    assert.equal(reference.exitCode, 64)
    assert.equal(JSON.stringify(reference).includes('hunter2'), false)
    assert.equal((await run([...set, '--password-file', '/nonexistent'])).exitCode, 66)
    assert.deepEqual((await run(['portal', 'inbound', 'show'])).result, {inbound: null})
  })

  test('a mailbox of another portal is refused before its password is read', async (t) => {
    const {run} = await withPortal(t)
    await run(['portal', 'add', 'beta', '--domain', 'beta.example'])
    await run([...set, '--password-env', 'MAIL', '--portal', 'acme'], {env: {MAIL: 'x'}})
    const refused = await run([...set, '--password-file', '/nonexistent', '--portal', 'beta'])
    assert.deepEqual([refused.exitCode, refused.error.code], [73, 'MAILBOX_IN_USE'])
    assert.match(refused.error.why, /portal acme/)
  })

  test('a Maildir needs no password; what was kept for IMAP is forgotten', async (t) => {
    const {home, run} = await withPortal(t)
    await run([...set, '--password-stdin'], {input: 'x\n'})
    const path = join(home, 'Maildir')
    const {result, warnings} = await run(['portal', 'inbound', 'set', 'maildir', '--path', path])
    assert.deepEqual([result.inbound.identity, result.inbound.secret], [`maildir:${path}`, null])
    assert.equal(warnings.length, 1) // there is no such directory yet
    assert.deepEqual((await run(['secret', 'list'])).result.secrets, [])
    assert.equal((await run(['portal', 'inbound', 'unset'])).result.changed, true)
    assert.equal((await run(['portal', 'inbound', 'unset'])).result.changed, false)
  })

  test('in clear to another machine is said aloud', async (t) => {
    const {home, run} = await withPortal(t)
    const clear = ['--security', 'none', '--password-env', 'MAIL']
    assert.match((await run([...set, ...clear])).warnings.join(), /in clear/)
    const local = ['portal', 'inbound', 'set', 'imap', '--host', '127.0.0.1', '--port', '1143', '--user', 'u', ...clear]
    const {code, stdout, stderr} = await postdesk(local, {home, env: {MAIL: 'x'}})
    assert.deepEqual([code, stdout], [0, 'The inbound is imap:u@127.0.0.1:1143/INBOX.\n'])
    assert.doesNotMatch(stderr, /in clear/)
  })
})
