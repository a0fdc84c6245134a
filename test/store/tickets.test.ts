import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {assignTicket, moveTicket, noteTicket, setStatusOf, type Assignee} from '../../src/lib/ticket-changes.ts'
import {pageOfTickets, type TicketQuery} from '../../src/lib/ticket-summary.ts'
import {readConversation} from '../../src/lib/conversation.ts'
import {findAgent, insertAgent, updateAgent} from '../../src/lib/store/agents.ts'
import {findChannel, insertChannel} from '../../src/lib/store/channels.ts'
import {insertQueue, setMembers} from '../../src/lib/store/queues.ts'
import {findTicket, listEvents, listTickets, offerBacklog} from '../../src/lib/store/tickets.ts'
import {customerMail, startDesk, type Desk} from '../support/seed.ts'
import {NOW} from '../support/portal.ts'
import {STORES} from '../support/stores.ts'

const LATER = '2026-03-02T10:00:00.000Z'

/** A second queue, with the address `billing@` leading to it. */
async function addBilling({store, portal}: Desk, members: readonly string[] = []): Promise<void> {
  await store.transaction(async (tx) => {
    const queue = await insertQueue(
      tx,
      portal.id,
      {key: 'billing', name: 'Billing', closed_policy: 'reopen', sender_channel_id: null},
      NOW,
    )
    const ids: number[] = []
    for (const email of members) {
      const agent =
        (await findAgent(tx, portal.id, email)) ?? (await insertAgent(tx, portal.id, {email, name: email}, NOW))
      ids.push(agent.id)
    }
    await setMembers(tx, queue, ids)
    await insertChannel(
      tx,
      portal.id,
      {
        kind: 'internal',
        address: `billing@${portal.domain}`,
        name: 'Billing',
        queue_id: queue.id,
        assign_online: 0,
        deactivated_at: null,
        auto_reply: 0,
        auto_reply_subject: '',
        auto_reply_body: '',
      },
      NOW,
    )
  })
}

const setOnline = async ({store, portal}: Desk, email: string, online: boolean) =>
  updateAgent(store.db, (await findAgent(store.db, portal.id, email))!, {online_since: online ? NOW : null}, NOW)

const owner = async ({store, portal}: Desk, number: number) =>
  (await findTicket(store.db, portal.id, number))!.owner_email

const eventsOf = async ({store, portal}: Desk, number: number) =>
  (await listEvents(store.db, (await findTicket(store.db, portal.id, number))!)).map(({kind, by, at, details}) => ({
    kind,
    by,
    at,
    details: JSON.parse(details) as Record<string, unknown>,
  }))

const admin = {now: LATER}

for (const kind of STORES)
  describe(`tickets on ${kind}`, () => {
    test('are found by queue, status, owner and address, and by all of them together', async (t) => {
      const desk = await startDesk(t, kind, {agents: {'ann@acme.example': true}})
      await addBilling(desk)
      await desk.deliver([
        customerMail(),
        customerMail({To: 'billing@acme.example'}),
        customerMail(),
        customerMail({To: 'billing@acme.example'}),
      ])
      await setStatusOf(desk.store, desk.portal, [3, 4], 'closed', admin)
      await setStatusOf(desk.store, desk.portal, [2], 'pending', admin)
      const found = async (query: Omit<TicketQuery, 'limit'>) =>
        (await pageOfTickets(desk.store, desk.portal, {...query, limit: 10})).tickets.map(({number}) => number)
      assert.deepEqual(await found({}), [4, 3, 2, 1])
      assert.deepEqual(await found({queue: 'billing'}), [4, 2])
      assert.deepEqual(await found({statuses: ['closed']}), [4, 3])
      assert.deepEqual(await found({statuses: ['open', 'pending']}), [2, 1])
      assert.deepEqual(await found({statuses: []}), [])
      assert.deepEqual(await found({owner: 'Ann@acme.example'}), [3, 1])
      assert.deepEqual(await found({owner: null}), [4, 2])
      assert.deepEqual(await found({channel: 'SUPPORT@acme.example'}), [3, 1])
      assert.deepEqual(await found({queue: 'billing', statuses: ['closed'], owner: null}), [4])
      assert.deepEqual(await found({channel: 'billing@acme.example', statuses: ['pending', 'open']}), [2])
      await assert.rejects(found({queue: 'biling'}), {code: 'QUEUE_NOT_FOUND', exitCode: 67})
      await assert.rejects(found({owner: 'anne@acme.example'}), (error: {fixes: {text: string}[]}) =>
        error.fixes[0]!.text.includes('ann@acme.example'),
      )
      await assert.rejects(found({channel: 'supprt@acme.example'}), {code: 'EMAIL_ADDRESS_NOT_FOUND'})
    })

    test('no page repeats or leaves out a ticket when others are added and closed meanwhile', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.deliver(Array.from({length: 23}, () => customerMail()))
      for (const filter of [{}, {statuses: ['open', 'closed']}, {queue: 'support'}, {owner: null}] as const) {
        const before = (await pageOfTickets(desk.store, desk.portal, {...filter, limit: 100})).tickets
        const seen: number[] = []
        let next: string | null = null
        do {
          const page = await pageOfTickets(desk.store, desk.portal, {
            ...filter,
            limit: 5,
            ...(next === null ? {} : {below: Number(next)}),
          })
          seen.push(...page.tickets.map(({number}) => number))
          next = page.next
          await desk.deliver([customerMail()])
          await setStatusOf(desk.store, desk.portal, [1 + (seen.length % 20)], 'closed', admin)
        } while (next !== null)
        assert.deepEqual(
          seen,
          before.map(({number}) => number),
        )
      }
    })

    test('the last page has no next one, also when it is full', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.deliver([customerMail(), customerMail()])
      const page = (limit: number) => pageOfTickets(desk.store, desk.portal, {limit})
      assert.equal((await page(2)).next, null)
      assert.equal((await page(1)).next, '2')
      assert.deepEqual((await page(1)).tickets[0]!.requester, {name: 'Jane Doe', address: 'jane@example.com'})
    })

    test('the choice prefers who is online, then who has least, then who waited longest; asking twice changes nothing', async (t) => {
      const desk = await startDesk(t, kind, {agents: {'ann@acme.example': false, 'bob@acme.example': false}})
      await desk.deliver([customerMail(), customerMail(), customerMail()])
      assert.deepEqual(
        [await owner(desk, 1), await owner(desk, 2), await owner(desk, 3)],
        ['ann@acme.example', 'bob@acme.example', 'ann@acme.example'],
      )
      const assign = (number: number, to: Assignee) => assignTicket(desk.store, desk.portal, number, to, admin)
      assert.equal((await assign(1, 'auto')).changed, false, 'bob has no fewer without it')
      await setOnline(desk, 'bob@acme.example', true)
      const {owner: chosen, changed, why} = await assign(1, 'auto')
      assert.deepEqual([chosen, changed, why], ['bob@acme.example', true, 'is online and has 1 open ticket, the least'])
      assert.equal((await assign(1, 'auto')).changed, false)
    })

    test('are given to an agent, to nobody, and again; each leaves an event', async (t) => {
      const desk = await startDesk(t, kind, {agents: {'ann@acme.example': true}})
      await addBilling(desk, ['bill@acme.example'])
      await desk.deliver([customerMail()])
      const assign = (to: Assignee) =>
        assignTicket(desk.store, desk.portal, 1, to, {agent: 'ANN@acme.example', now: LATER})
      assert.deepEqual(await assign({agent: 'Bill@acme.example'}), {
        number: 1,
        queue: 'support',
        owner: 'bill@acme.example',
        why: 'by hand',
        ownerIsMember: false,
        changed: true,
      })
      assert.equal((await assign({agent: 'bill@acme.example'})).changed, false)
      assert.deepEqual((await assign('nobody')).owner, null)
      assert.equal((await assign('nobody')).changed, false)
      assert.equal((await assign('auto')).owner, 'ann@acme.example')
      assert.deepEqual((await eventsOf(desk, 1)).slice(1), [
        {
          kind: 'assigned',
          by: 'ann@acme.example',
          at: LATER,
          details: {from: 'ann@acme.example', to: 'bill@acme.example', why: 'by hand'},
        },
        {
          kind: 'assigned',
          by: 'ann@acme.example',
          at: LATER,
          details: {from: 'bill@acme.example', to: null, why: 'by hand'},
        },
        {
          kind: 'assigned',
          by: 'ann@acme.example',
          at: LATER,
          details: {from: null, to: 'ann@acme.example', why: 'is online and has 0 open tickets, the least'},
        },
      ])
      await assert.rejects(assign({agent: 'nobody@acme.example'}), {code: 'AGENT_NOT_FOUND', exitCode: 67})
      await assert.rejects(assignTicket(desk.store, desk.portal, 9, 'auto', admin), {code: 'TICKET_NOT_FOUND'})
      await assert.rejects(assignTicket(desk.store, desk.portal, 1, 'auto', {agent: 'x@y.example', now: LATER}), {
        code: 'AGENT_NOT_FOUND',
      })
    })

    test('where the queue has no members, the choice leaves the owner', async (t) => {
      const desk = await startDesk(t, kind)
      await addBilling(desk, ['bill@acme.example'])
      await desk.deliver([customerMail()])
      await assignTicket(desk.store, desk.portal, 1, {agent: 'bill@acme.example'}, admin)
      const result = await assignTicket(desk.store, desk.portal, 1, 'auto', admin)
      assert.deepEqual(
        [result.owner, result.changed, result.why],
        ['bill@acme.example', false, 'the queue has no members'],
      )
    })

    test('a move keeps an owner who is a member there too, and chooses another one where not', async (t) => {
      const desk = await startDesk(t, kind, {agents: {'ann@acme.example': true, 'bob@acme.example': true}})
      await addBilling(desk, ['ann@acme.example', 'bill@acme.example'])
      await desk.deliver([customerMail(), customerMail()])
      const move = (number: number, queue: string) => moveTicket(desk.store, desk.portal, number, queue, admin)
      const kept = await move(1, 'billing')
      assert.deepEqual(
        [kept.owner, kept.queue, kept.changed, kept.why],
        ['ann@acme.example', 'billing', true, 'is a member of the new queue too'],
      )
      const chosen = await move(2, 'billing')
      assert.deepEqual([chosen.owner, chosen.why], ['ann@acme.example', 'is online and has 1 open ticket, the least'])
      assert.equal((await move(2, 'billing')).changed, false)
      assert.deepEqual(
        (await eventsOf(desk, 2)).slice(1).map(({kind, details}) => [kind, details['from'], details['to']]),
        [
          ['moved', 'support', 'billing'],
          ['assigned', 'bob@acme.example', 'ann@acme.example'],
        ],
      )
      await assert.rejects(move(1, 'biling'), {code: 'QUEUE_NOT_FOUND'})
    })

    test('a move into a queue without members leaves the ticket to nobody', async (t) => {
      const desk = await startDesk(t, kind, {agents: {'ann@acme.example': true}})
      await addBilling(desk)
      await desk.deliver([customerMail()])
      const {owner, why} = await moveTicket(desk.store, desk.portal, 1, 'billing', admin)
      assert.deepEqual([owner, why], [null, 'the queue has no members'])
    })

    test('several change their status together or not at all', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.deliver([customerMail(), customerMail(), customerMail()])
      const set = (numbers: number[], status: 'open' | 'closed' | 'pending') =>
        setStatusOf(desk.store, desk.portal, numbers, status, admin)
      await assert.rejects(set([1, 77, 2, 99], 'closed'), (error: {code: string; title: string}) => {
        assert.equal(error.code, 'TICKET_NOT_FOUND')
        assert.match(error.title, /77, 99/)
        return true
      })
      assert.equal((await findTicket(desk.store.db, desk.portal.id, 1))!.status, 'open')
      await set([1], 'closed')
      assert.deepEqual(await set([1, 2, 2], 'closed'), [
        {number: 1, status: 'closed', changed: false},
        {number: 2, status: 'closed', changed: true},
      ])
      assert.equal((await findTicket(desk.store.db, desk.portal.id, 2))!.closed_at, LATER)
      await set([2], 'open')
      const reopened = (await findTicket(desk.store.db, desk.portal.id, 2))!
      assert.deepEqual([reopened.status, reopened.closed_at], ['open', null])
      await set([2], 'pending')
      assert.deepEqual(
        (await eventsOf(desk, 2)).map(({kind, details}) => [kind, details['from']]),
        [
          ['created', undefined],
          ['closed', 'open'],
          ['reopened', 'closed'],
          ['pending', 'open'],
        ],
      )
    })

    test('a note keeps what was written; NUL alone, which PostgreSQL cannot hold, is replaced', async (t) => {
      const desk = await startDesk(t, kind, {agents: {'ann@acme.example': true}})
      await desk.deliver([customerMail()])
      const text = 'line one\r\n\u202Eesrever\u202C \u001B[31mred \u0000 \u{1F4EC} \u00e9'
      const id = await noteTicket(desk.store, desk.portal, 1, text, {agent: 'ann@acme.example', now: LATER})
      const {conversation} = await readConversation(desk.store, desk.portal, 1)
      const note = conversation.messages.at(-1)!
      assert.deepEqual(
        [note.id, note.direction, note.author, note.text, note.date, note.from],
        [id, 'note', 'ann@acme.example', text.replace('\0', '\uFFFD'), LATER, []],
      )
      assert.equal(conversation.updatedAt, LATER)
      assert.equal((await findTicket(desk.store.db, desk.portal.id, 1))!.message_count, 2)
      assert.deepEqual(conversation.events.at(-1), {
        at: LATER,
        kind: 'noted',
        by: 'ann@acme.example',
        details: {message: id},
      })
    })

    test('the backlog is offered to the online first, then by load, the oldest ticket first', async (t) => {
      const desk = await startDesk(t, kind)
      await addBilling(desk)
      await desk.deliver([
        customerMail(),
        customerMail({To: 'billing@acme.example'}),
        customerMail(),
        customerMail(),
        customerMail(),
      ])
      await setStatusOf(desk.store, desk.portal, [4], 'closed', admin)
      const offer = () => desk.store.transaction((tx) => offerBacklog(tx, desk.portal.id, {by: 'intake', now: LATER}))
      assert.deepEqual(await offer(), [], 'no queue has members')
      await desk.store.transaction(async (tx) => {
        const queue = await tx.selectFrom('queue').selectAll().where('key', '=', 'support').executeTakeFirstOrThrow()
        const ids: number[] = []
        for (const email of ['ann@acme.example', 'bob@acme.example'])
          ids.push((await insertAgent(tx, desk.portal.id, {email, name: email}, NOW)).id)
        await setMembers(tx, queue, ids)
      })
      await setOnline(desk, 'bob@acme.example', true)
      assert.deepEqual(await offer(), [1, 3, 5], 'not the closed one, not the one of billing')
      assert.deepEqual(
        [await owner(desk, 1), await owner(desk, 3), await owner(desk, 5), await owner(desk, 2)],
        ['bob@acme.example', 'bob@acme.example', 'bob@acme.example', null],
        'bob is the only one online',
      )
      assert.deepEqual(await offer(), [])
      await desk.store.transaction(async (tx) => {
        const channel = (await findChannel(tx, desk.portal.id, 'support@acme.example'))!
        await tx.updateTable('channel').set({assign_online: 0}).where('id', '=', channel.id).execute()
        await tx.updateTable('ticket').set({owner_id: null}).where('number', 'in', [1, 3]).execute()
      })
      await offer()
      assert.deepEqual(
        [await owner(desk, 1), await owner(desk, 3)],
        ['ann@acme.example', 'ann@acme.example'],
        'ann has fewer, then as many and was given none for longer',
      )
    })

    test('two portals in one store count, list and change apart', async (t) => {
      const acme = await startDesk(t, kind, {agents: {'ann@acme.example': true}})
      const other = await startDesk(t, kind, {key: 'other', domain: 'other.example'}, acme)
      await acme.deliver([customerMail(), customerMail()])
      await other.deliver([customerMail({To: 'support@other.example', Subject: 'Elsewhere'})])
      assert.equal((await findTicket(other.store.db, other.portal.id, 1))!.subject, 'Elsewhere')
      assert.equal(await owner(other, 1), null)
      assert.equal(await findTicket(other.store.db, other.portal.id, 2), undefined)
      for (const filter of [{}, {statuses: ['open']}, {ownerId: null}] as const)
        assert.equal((await listTickets(other.store.db, other.portal.id, {...filter, limit: 10})).length, 1)
      await setStatusOf(other.store, other.portal, [1], 'closed', admin)
      assert.equal((await findTicket(acme.store.db, acme.portal.id, 1))!.status, 'open')
      await assert.rejects(assignTicket(other.store, other.portal, 1, {agent: 'ann@acme.example'}, admin), {
        code: 'AGENT_NOT_FOUND',
      })
      await assert.rejects(setStatusOf(other.store, other.portal, [2], 'closed', admin), {code: 'TICKET_NOT_FOUND'})
      await addBilling(acme)
      await assert.rejects(moveTicket(other.store, other.portal, 1, 'billing', admin), {code: 'QUEUE_NOT_FOUND'})
      await acme.store.transaction((tx) => offerBacklog(tx, acme.portal.id, {by: 'intake', now: LATER}))
      assert.equal(await owner(other, 1), null)
    })
  })
