import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {addAgent, removeAgent, setPresence, summariseAgents, updateAgent} from '../../src/lib/agent.ts'
import {updateInternalAddress} from '../../src/lib/internal-address.ts'
import {addQueue, checkQueueRemoval, removeQueue, summariseQueues, updateQueue} from '../../src/lib/queue.ts'
import {findTicket, listEvents} from '../../src/lib/store/tickets.ts'
import {NOW, seedPortal} from '../support/portal.ts'
import {customerMail, startDesk} from '../support/seed.ts'
import {startStore, STORES} from '../support/stores.ts'

const once = {ifNotExists: false, now: NOW}
const again = {ifNotExists: true, now: NOW}
const actor = {by: 'admin', now: NOW}

for (const kind of STORES)
  describe(`queues and agents on ${kind}`, () => {
    test('a queue is added once, with members that exist', async (t) => {
      const store = await startStore(t, kind)
      const portal = await seedPortal(store, {agents: {'ann@acme.example': true}})
      await assert.rejects(addQueue(store, portal, 'sales', {members: ['anne@acme.example']}, once), {
        code: 'AGENT_NOT_FOUND',
        exitCode: 67,
        fixes: [
          {text: 'Did you mean "ann@acme.example"?'},
          {text: 'Add one:', command: 'postdesk agent add anne@acme.example --name NAME --portal acme'},
        ],
      })
      await assert.rejects(addQueue(store, portal, 'sales', {closed: 'new-after=9999'}, once), {exitCode: 64})
      await assert.rejects(addQueue(store, portal, 'sales', {sender: 'support@acme.example'}, once), {
        exitCode: 64,
        why: /cannot send/,
      })
      assert.deepEqual(
        (await summariseQueues(store.db, portal.id)).map(({key}) => key),
        ['support'],
      )

      const settings = {members: ['Ann@acme.example'], closed: 'new-after=14'}
      const {queue} = await addQueue(store, portal, 'sales', settings, once)
      assert.deepEqual(
        [queue.name, queue.members, queue.closed, queue.addresses],
        ['sales', ['ann@acme.example'], 'new-after=14', []],
      )
      assert.equal((await addQueue(store, portal, 'sales', settings, again)).changed, false)
      assert.equal((await addQueue(store, portal, 'sales', {}, again)).changed, false)
      await assert.rejects(addQueue(store, portal, 'sales', {members: [], closed: 'new'}, again), {
        code: 'QUEUE_EXISTS',
        why: 'with another closed, member',
      })
    })

    test('queues added at once are one queue', async (t) => {
      const store = await startStore(t, kind)
      const portal = await seedPortal(store)
      const added = await Promise.all([1, 2, 3, 4].map(() => addQueue(store, portal, 'sales', {}, again)))
      assert.equal(added.filter(({changed}) => changed).length, 1)
    })

    test('an update names all members, and tells whether anything changed', async (t) => {
      const store = await startStore(t, kind)
      const portal = await seedPortal(store, {agents: {'ann@acme.example': true, 'bob@acme.example': false}})
      const update = (settings: Parameters<typeof updateQueue>[3]) =>
        updateQueue(store, portal, 'support', settings, NOW)
      assert.equal((await update({members: ['bob@acme.example', 'ann@acme.example']})).changed, false)
      assert.deepEqual((await update({members: ['bob@acme.example']})).queue.members, ['bob@acme.example'])
      assert.deepEqual((await update({members: []})).queue.members, [])
      assert.equal((await update({name: 'Support'})).changed, false)
      await assert.rejects(update({name: 'Help', members: ['nobody@acme.example']}), {exitCode: 67})
      assert.equal((await summariseQueues(store.db, portal.id))[0]?.name, 'Support')
    })

    test('a queue goes only when nothing needs it; its tickets move with an event each', async (t) => {
      const desk = await startDesk(t, kind)
      const {store, portal} = desk
      const beside = await seedPortal(store, {key: 'beta', domain: 'beta.example'})
      await desk.deliver([customerMail(), customerMail(), customerMail()])
      await addQueue(store, portal, 'sales', {}, once)
      await assert.rejects(checkQueueRemoval(store.db, portal, 'support', 'sales'), {
        code: 'QUEUE_IN_USE',
        exitCode: 73,
        fixes: [
          {
            text: 'Give support@acme.example another queue:',
            command: 'postdesk email update support@acme.example --queue KEY --portal acme',
          },
        ],
      })
      await updateInternalAddress(store, portal, 'support', {queue: 'sales'}, NOW)
      await assert.rejects(removeQueue(store, portal, 'support', undefined, actor), {
        exitCode: 73,
        why: 'it has 3 tickets',
      })
      await assert.rejects(removeQueue(store, portal, 'support', 'support', actor), {exitCode: 64})
      assert.deepEqual(await removeQueue(store, portal, 'support', 'sales', actor), {movedTickets: 3})
      assert.deepEqual(
        (await summariseQueues(store.db, portal.id)).map(({key}) => key),
        ['sales'],
      )
      assert.deepEqual(
        (await summariseQueues(store.db, beside.id)).map(({key}) => key),
        ['support'],
      )
      const ticket = (await findTicket(store.db, portal.id, 2))!
      assert.equal(ticket.queue_key, 'sales')
      const {kind: what, by, details} = (await listEvents(store.db, ticket)).at(-1)!
      assert.deepEqual([what, by, JSON.parse(details)], ['moved', 'admin', {from: 'support', to: 'sales'}])
    })

    test('an agent is added once, in lower case, in queues that exist', async (t) => {
      const store = await startStore(t, kind)
      const portal = await seedPortal(store)
      const ann = {email: 'Ann@Acme.example', name: 'Ann Lee', queues: ['support']}
      await assert.rejects(addAgent(store, portal, {...ann, queues: ['suport']}, once), {code: 'QUEUE_NOT_FOUND'})
      await assert.rejects(addAgent(store, portal, {...ann, email: 'ann'}, once), {exitCode: 64})
      assert.deepEqual(await summariseAgents(store.db, portal.id), [])
      const {agent} = await addAgent(store, portal, ann, once)
      assert.deepEqual(
        [agent.email, agent.online, agent.openTickets, agent.queues],
        ['ann@acme.example', false, 0, ['support']],
      )
      assert.equal((await addAgent(store, portal, ann, again)).changed, false)
      await assert.rejects(addAgent(store, portal, {...ann, name: 'Anna'}, again), {code: 'AGENT_EXISTS', exitCode: 73})
      await addAgent(store, portal, {email: 'bob@acme.example', name: 'Bob'}, once)
      await assert.rejects(updateAgent(store, portal, 'bob@acme.example', {email: 'ANN@acme.example'}, NOW), {
        exitCode: 73,
      })
      const renamed = await updateAgent(store, portal, 'ANN@acme.example', {email: 'lee@acme.example', queues: []}, NOW)
      assert.deepEqual([renamed.agent.email, renamed.agent.queues], ['lee@acme.example', []])
    })

    test('who goes online gets the backlog, once', async (t) => {
      const desk = await startDesk(t, kind)
      const {store, portal} = desk
      await desk.deliver([customerMail(), customerMail()])
      await addAgent(store, portal, {email: 'ann@acme.example', name: 'Ann', queues: ['support']}, once)
      await addAgent(store, portal, {email: 'bob@acme.example', name: 'Bob'}, once)
      await assert.rejects(setPresence(store, portal, ['bob@acme.example', 'cid@acme.example'], 'online', actor), {
        exitCode: 67,
      })
      assert.ok((await summariseAgents(store.db, portal.id)).every(({online}) => !online))
      const {assigned, agents} = await setPresence(store, portal, ['ann@acme.example'], 'online', actor)
      assert.deepEqual(assigned, [
        {ticket: 1, owner: 'ann@acme.example'},
        {ticket: 2, owner: 'ann@acme.example'},
      ])
      assert.deepEqual([agents[0]?.online, agents[0]?.openTickets], [true, 2])
      const second = await setPresence(store, portal, ['ann@acme.example'], 'online', actor)
      assert.deepEqual([second.assigned, second.changed], [[], false])
      assert.equal((await setPresence(store, portal, ['ann@acme.example'], 'offline', actor)).changed, true)
      assert.equal((await findTicket(store.db, portal.id, 1))?.owner_email, 'ann@acme.example')
    })

    test('the tickets of a removed agent have no owner, and say why', async (t) => {
      const desk = await startDesk(t, kind, {agents: {'ann@acme.example': true}})
      const {store, portal} = desk
      await desk.deliver([customerMail(), customerMail()])
      assert.deepEqual(await removeAgent(store, portal, 'ann@acme.example', actor), {
        email: 'ann@acme.example',
        releasedTickets: 2,
      })
      const ticket = (await findTicket(store.db, portal.id, 1))!
      assert.equal(ticket.owner_id, null)
      const last = (await listEvents(store.db, ticket)).at(-1)!
      assert.deepEqual(
        [last.kind, JSON.parse(last.details)],
        ['assigned', {from: 'ann@acme.example', to: null, why: 'the agent was removed'}],
      )
    })
  })
