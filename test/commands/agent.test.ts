import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {postdesk, postdeskJson, temporaryHome} from '../support/run-postdesk.ts'

describe('agent', () => {
  test('add, list, show, update, online, offline, remove in JSON', async (t) => {
    const home = await temporaryHome(t)
    const run = (...args: string[]) => postdeskJson(args, {home})
    await run('portal', 'add', 'acme', '--domain', 'acme.example')
    await run('queue', 'add', 'support')
    assert.deepEqual((await run('agent', 'add')).error.missing, ['EMAIL', '--name'])
    assert.equal((await run('agent', 'add', 'ann', '--name', 'Ann')).exitCode, 64)
    assert.equal((await run('agent', 'add', 'ann@acme.example', '--name', 'Ann', '--queue', 'sales')).exitCode, 67)
    assert.deepEqual((await run('agent', 'list')).result, {agents: []})

    const add = ['agent', 'add', 'Ann@acme.example', '--name', 'Ann', '--queue', 'support', '--if-not-exists']
    assert.equal((await run(...add)).result.changed, true)
    assert.equal((await run(...add)).result.changed, false)
    const {createdAt, ...shown} = (await run('agent', 'show', 'ANN@acme.example')).result
    assert.equal(typeof createdAt, 'string')
    assert.deepEqual(shown, {
      email: 'ann@acme.example',
      name: 'Ann',
      online: false,
      onlineSince: null,
      openTickets: 0,
      queues: ['support'],
    })
    await run('agent', 'add', 'bob@acme.example', '--name', 'Bob')
    const near = await run('agent', 'online', 'ann@acme.example', 'bop@acme.example')
    assert.equal(near.exitCode, 67)
    assert.match(near.error.fixes[0].text, /^Did you mean "bob@acme\.example"/)

    await deliver(home)
    const online = (await run('agent', 'online', 'ann@acme.example', 'bob@acme.example')).result
    assert.deepEqual([online.agents.length, online.assigned, online.changed], [2, [], true])
    assert.equal((await run('agent', 'online', 'ann@acme.example')).result.changed, false)
    const offline = (await run('agent', 'offline', 'ann@acme.example')).result
    assert.deepEqual([offline.agents[0].online, offline.changed], [false, true])

    const updated = await run(
      'agent',
      'update',
      'bob@acme.example',
      '--email',
      'rob@acme.example',
      '--queue',
      'support',
    )
    assert.deepEqual([updated.result.agent.email, updated.result.agent.queues], ['rob@acme.example', ['support']])
    assert.equal((await run('agent', 'remove', 'rob@acme.example')).exitCode, 64)
    const removed = await run('agent', 'remove', 'rob@acme.example', '--confirm', 'rob@acme.example')
    assert.deepEqual(removed.result, {email: 'rob@acme.example', releasedTickets: 0, changed: true})
  })

  test('going online takes the backlog', async (t) => {
    const home = await temporaryHome(t)
    const run = (...args: string[]) => postdeskJson(args, {home})
    await run('portal', 'add', 'acme', '--domain', 'acme.example')
    await run('queue', 'add', 'support')
    await run('email', 'add', 'internal', 'support', '--name', 'Support')
    await deliver(home)
    await run('agent', 'add', 'ann@acme.example', '--name', 'Ann', '--queue', 'support')
    assert.deepEqual((await run('agent', 'online', 'ann@acme.example')).result.assigned, [
      {ticket: 1, owner: 'ann@acme.example'},
    ])
  })
})

/** One mail by the pipe; where its address is not there, it is refused. */
const deliver = (home: string) =>
  postdesk(['email', 'deliver', '--recipient=support@acme.example'], {
    home,
    input: 'From: jane@example.com\r\nTo: support@acme.example\r\nSubject: Hi\r\nMessage-ID: <1@x>\r\n\r\nHello\r\n',
  })
