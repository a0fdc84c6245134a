import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {postdesk, postdeskJson, temporaryHome} from '../support/run-postdesk.ts'

describe('queue', () => {
  test('add, list, show, update, remove in JSON', async (t) => {
    const home = await temporaryHome(t)
    const run = (...args: string[]) => postdeskJson(args, {home})
    await run('portal', 'add', 'acme', '--domain', 'acme.example')
    for (const name of ['ann', 'bob']) await run('agent', 'add', `${name}@acme.example`, '--name', name)
    const missing = await run('queue', 'add')
    assert.deepEqual([missing.exitCode, missing.error.missing], [64, ['KEY']])
    assert.equal((await run('queue', 'add', 'Support')).exitCode, 64)
    assert.equal((await run('queue', 'add', 'support', '--closed', 'never')).exitCode, 64)
    assert.deepEqual((await run('queue', 'list')).result, {queues: []})

    const add = ['queue', 'add', 'support', '--member', 'ann@acme.example', 'bob@acme.example', '--closed', 'new']
    const {queue, changed} = (await run(...add)).result
    const {createdAt, ...fields} = queue
    assert.equal(typeof createdAt, 'string')
    assert.deepEqual(
      [fields, changed],
      [
        {
          key: 'support',
          name: 'support',
          members: ['ann@acme.example', 'bob@acme.example'],
          sender: null,
          closed: 'new',
          addresses: [],
        },
        true,
      ],
    )
    assert.equal((await run(...add)).exitCode, 73)
    assert.equal((await run(...add, '--if-not-exists')).result.changed, false)
    assert.equal((await run(...add, '--name', 'X', '--if-not-exists')).exitCode, 73)

    const near = await run('queue', 'show', 'suport')
    assert.deepEqual(
      [near.exitCode, near.error.code, near.error.fixes[0].text],
      [67, 'QUEUE_NOT_FOUND', 'Did you mean "support"?'],
    )
    assert.equal((await run('queue', 'update', 'support')).exitCode, 64)
    assert.deepEqual((await run('queue', 'update', 'support', '--no-members')).result.queue.members, [])
    await run('email', 'add', 'internal', 'help', '--name', 'Help')
    assert.deepEqual((await run('queue', 'show', 'support')).result.addresses, ['help@acme.example'])

    const used = await run('queue', 'remove', 'support', '--confirm', 'support')
    assert.deepEqual([used.exitCode, used.error.code], [73, 'QUEUE_IN_USE'])
    await run('email', 'remove', 'help@acme.example', '--confirm', 'help@acme.example')
    assert.equal((await run('queue', 'remove', 'support', '--yes')).error.code, 'NOT_CONFIRMED')
    assert.deepEqual((await run('queue', 'remove', 'support', '--confirm', 'support')).result, {
      key: 'support',
      movedTickets: 0,
      changed: true,
    })
  })

  test('a flag that is not there is not guessed', async (t) => {
    const home = await temporaryHome(t)
    const {code, stdout, stderr} = await postdesk(['queue', 'add', 'support', '--membr', 'a'], {home})
    assert.deepEqual([code, stdout], [64, ''])
    assert.match(stderr, /Did you mean --member\?/)
  })
})
