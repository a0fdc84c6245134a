import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {describe, test, type TestContext} from 'node:test'
import {postdesk, postdeskJson, temporaryHome} from '../support/run-postdesk.ts'

async function withQueue(t: TestContext) {
  const home = await temporaryHome(t)
  const run = (...args: string[]) => postdeskJson(args, {home})
  await run('portal', 'add', 'acme', '--domain', 'acme.example')
  await run('queue', 'add', 'support')
  return {home, run}
}

describe('email add', () => {
  test('without a terminal the kind is wanted, and one that is not there is not guessed', async (t) => {
    const {run} = await withQueue(t)
    const bare = await run('email', 'add')
    assert.deepEqual([bare.exitCode, bare.error.fixes[0].command], [64, 'postdesk email add --json internal'])
    const near = await run('email', 'add', 'intern', 'support')
    assert.deepEqual([near.exitCode, near.error.fixes[0].command], [64, 'postdesk email add internal'])
  })

  test('every missing value is named at once', async (t) => {
    const {run} = await withQueue(t)
    const missing = await run('email', 'add', 'internal', '--auto-reply')
    assert.deepEqual(
      [missing.exitCode, missing.error.missing],
      [64, ['LOCALPART', '--name', '--queue', '--auto-reply-subject', '--auto-reply-body']],
    )
    await run('queue', 'add', 'sales')
    const queue = await run('email', 'add', 'internal', 'help', '--name', 'Help')
    assert.deepEqual([queue.exitCode, queue.error.missing], [64, ['--queue']])
    assert.deepEqual((await run('email', 'list')).result, {channels: []})
  })

  test('an address is added once, with its automatic reply from a file', async (t) => {
    const {home, run} = await withQueue(t)
    const file = join(home, 'reply.txt')
    await writeFile(file, 'We got it.\n')
    const reply = ['--auto-reply', '--auto-reply-subject', 'Thank you', '--auto-reply-body-file', file]
    const add = ['email', 'add', 'internal', 'Help', '--name', 'Acme Help', '--assign-online', ...reply]
    const {result, warnings, nextSteps} = await run(...add)
    assert.deepEqual(result, {
      channel: {
        address: 'Help@acme.example',
        kind: 'internal',
        name: 'Acme Help',
        active: true,
        queue: 'support',
        assignOnline: true,
        canReceive: true,
        canSend: false,
        missingScopes: [],
        state: 'ready',
        forwardsTo: null,
        forwardingVerifiedAt: null,
        autoReply: {subject: 'Thank you', body: 'We got it.\n'},
        lastSyncAt: null,
        lastError: null,
      },
      changed: true,
    })
    assert.match(warnings.join(), /no inbound/)
    assert.deepEqual(nextSteps, [
      'postdesk portal relay set smtp --portal acme',
      'postdesk portal inbound set imap --portal acme',
    ])
    assert.equal((await run(...add)).exitCode, 73)
    assert.equal((await run(...add, '--if-not-exists')).result.changed, false)
    assert.equal((await run(...add, '--no-assign-online', '--if-not-exists')).exitCode, 73)
    assert.deepEqual((await run('email', 'list')).result.channels, [result.channel])
    assert.deepEqual((await run('email', 'show', 'HELP@acme.example')).result, result.channel)
  })

  test('nothing is written when a value is bad', async (t) => {
    const {run} = await withQueue(t)
    for (const [code, ...args] of [
      [64, 'help@other.example', '--name', 'H'],
      [64, 'he lp', '--name', 'H'],
      [64, 'help', '--name', ''],
      [64, 'help', '--name', 'a\nBcc: x@y.example'],
      [67, 'help', '--name', 'H', '--queue', 'suport'],
      [
        66,
        'help',
        '--name',
        'H',
        '--auto-reply',
        '--auto-reply-subject',
        'S',
        '--auto-reply-body-file',
        '/nonexistent',
      ],
      [64, 'help', '--name', 'H', '--auto-reply', '--auto-reply-subject', 'a\nb', '--auto-reply-body', 'B'],
    ] as const)
      assert.equal((await run('email', 'add', 'internal', ...args)).exitCode, code, args.join(' '))
    assert.deepEqual((await run('email', 'list')).result, {channels: []})
  })
})

describe('email update', () => {
  test('rename, queue, reply, and what is not there', async (t) => {
    const {run} = await withQueue(t)
    await run('email', 'add', 'internal', 'support', '--name', 'Support')
    const near = await run('email', 'update', 'suport@acme.example', '--no-active')
    assert.deepEqual([near.exitCode, near.error.fixes[0].text], [67, 'Did you mean "support@acme.example"?'])
    assert.equal((await run('email', 'update', 'support')).exitCode, 64)
    assert.equal((await run('email', 'update', 'support', '--auto-reply')).exitCode, 64)
    const renamed = await run('email', 'update', 'support', '--address', 'help@acme.example', '--name', 'Help')
    assert.deepEqual([renamed.result.channel.address, renamed.result.channel.name], ['help@acme.example', 'Help'])
    assert.equal((await run('email', 'show', 'support@acme.example')).result.address, 'help@acme.example')
    assert.equal((await run('email', 'update', 'help', '--address', 'help@other.example')).exitCode, 64)
    assert.equal((await run('email', 'update', 'help', '--name', 'Help')).result.changed, false)
    assert.equal((await run('email', 'remove', 'help')).error.code, 'NOT_CONFIRMED')
    assert.equal((await run('email', 'remove', 'help', '--confirm', 'help@acme.example')).result.changed, true)
    assert.equal((await run('email', 'remove', 'help', '--confirm', 'help@acme.example')).exitCode, 67)
  })

  test('mail for an address that is off waits, and is taken in when it is on again', async (t) => {
    const {home, run} = await withQueue(t)
    await run('email', 'add', 'internal', 'support', '--name', 'Support')
    assert.equal((await run('email', 'update', 'support', '--no-active')).result.channel.state, 'inactive')
    const mail =
      'From: jane@example.com\r\nTo: support@acme.example\r\nSubject: Hi\r\nMessage-ID: <1@x>\r\n\r\nHello\r\n'
    const delivered = await postdesk(['email', 'deliver', '--recipient=support@acme.example'], {home, input: mail})
    assert.equal(delivered.code, 0, delivered.stderr)
    assert.deepEqual((await run('ticket', 'list')).result.tickets, [])
    const off = await run('email', 'update', 'support', '--name', 'Help')
    assert.deepEqual([off.result.waiting, off.result.takenIn], [1, []])
    const on = await run('email', 'update', 'support', '--active')
    assert.equal(on.exitCode, 0, JSON.stringify(on.error))
    assert.deepEqual([on.result.waiting, on.result.takenIn.length, on.result.channel.state], [1, 1, 'ready'])
    assert.equal((await run('ticket', 'list')).result.tickets[0].subject, 'Hi')
    assert.equal((await run('email', 'update', 'support', '--active')).result.waiting, 0)
  })
})
