/** A store as it is after years of mail, made by inserting the rows rather than by receiving the mail. */
import type {Insertable} from 'kysely'
import {insertAgent} from '../src/lib/store/agents.ts'
import {insertChannel} from '../src/lib/store/channels.ts'
import {reserve} from '../src/lib/store/ids.ts'
import type {StoreLocation} from '../src/lib/store/location.ts'
import {openStore} from '../src/lib/store/open.ts'
import {insertPortal, updatePortal} from '../src/lib/store/portals.ts'
import {insertQueue, setMembers} from '../src/lib/store/queues.ts'
import type {MessageTable, SourceItemTable, TicketEventTable, TicketTable} from '../src/lib/store/schema.ts'
import {putSource} from '../src/lib/store/sources.ts'
import {outlineMail} from '../test/support/mail-generator.ts'

/** Tickets inserted by one statement. */
const ROWS = 500
const DOMAIN = 'acme.example'

/** Makes a portal with three internal addresses and so many tickets of one mail each, with their ledger. */
export async function fillStore(location: StoreLocation, tickets: number): Promise<void> {
  const store = await openStore(location, {schema: 'migrate'})
  try {
    await store.transaction(async (tx) => {
      const now = new Date().toISOString()
      const size = 25_000_000
      const portal = await insertPortal(
        tx,
        {key: 'bench', domain: DOMAIN, name: 'Bench', timezone: 'UTC', locale: 'en', max_message_size: size},
        now,
      )
      const queue = await insertQueue(
        tx,
        portal.id,
        {key: 'support', name: 'Support', closed_policy: 'reopen', sender_channel_id: null},
        now,
      )
      const agent = await insertAgent(tx, portal.id, {email: `ann@${DOMAIN}`, name: 'Ann'}, now)
      await setMembers(tx, queue, [agent.id])
      const channels = new Map<string, number>()
      for (const local of ['support', 'billing', 'hello']) {
        const address = `${local}@${DOMAIN}`
        const fields = {kind: 'internal', address, name: local, queue_id: queue.id, assign_online: 0}
        const autoReply = {deactivated_at: null, auto_reply: 0, auto_reply_subject: '', auto_reply_body: ''}
        channels.set(address, (await insertChannel(tx, portal.id, {...fields, ...autoReply}, now)).id)
      }
      const config = JSON.stringify({kind: 'maildir', path: '/var/mail/acme', envelopeHeader: null, markSeen: false})
      const identity = 'maildir:/var/mail/acme'
      const source = await putSource(tx, portal.id, {kind: 'maildir', identity, config}, now)
      await updatePortal(tx, portal.id, {inbound_source_id: source.id}, now)

      const reserved = await reserve(tx, portal.id, tickets * 3, tickets)
      for (let first = 0; first < tickets; first += ROWS) {
        const rows = Array.from({length: Math.min(ROWS, tickets - first)}, (_, offset) => rowsOf(first + offset))
        await tx
          .insertInto('ticket')
          .values(rows.map(({ticket}) => ticket))
          .execute()
        await tx
          .insertInto('ticket_event')
          .values(rows.map(({event}) => event))
          .execute()
        await tx
          .insertInto('message')
          .values(rows.map(({message}) => message))
          .execute()
        await tx
          .insertInto('source_item')
          .values(rows.map(({item}) => item))
          .execute()
      }

      function rowsOf(index: number): {
        ticket: Insertable<TicketTable>
        event: Insertable<TicketEventTable>
        message: Insertable<MessageTable>
        item: Insertable<SourceItemTable>
      } {
        const mail = outlineMail(index)
        const at = mail.date.toISOString()
        const id = reserved.firstId + index * 3
        const belongs = {portal_id: portal.id, ticket_id: id}
        const open = index % 20 === 0
        return {
          ticket: {
            portal_id: portal.id,
            id,
            number: reserved.firstNumber + index,
            subject: mail.subject,
            status: open ? 'open' : 'closed',
            queue_id: queue.id,
            owner_id: index % 3 === 0 ? null : agent.id,
            channel_id: channels.get(mail.to) ?? null,
            requester_name: mail.from.name,
            requester_address: mail.from.address,
            message_count: 1,
            closed_at: open ? null : at,
            third_party: 0,
            bounced: 0,
            created_at: at,
            updated_at: at,
          },
          event: {...belongs, id: id + 1, at, kind: 'created', by: 'system', details: '{}'},
          message: {
            ...belongs,
            id: id + 2,
            direction: 'in',
            kind: 'human',
            raw_id: null,
            header_id: mail.messageId,
            fingerprint: `bench-${index}`,
            source_id: source.id,
            source_epoch: '',
            envelope: null,
            from_name: mail.from.name,
            from_address: mail.from.address,
            subject: mail.subject,
            base_subject: mail.subject,
            date: at,
            received_at: at,
            author: null,
            note: null,
            threaded_by: 'new',
            size: 18_000,
            third_party: 0,
          },
          item: {
            portal_id: portal.id,
            source_id: source.id,
            epoch: '',
            item_key: `${Math.floor(mail.date.getTime() / 1000)}.M${index}P1.bench`,
            state: 'stored',
            effect: 'none',
            attempts: 1,
            next_try_at: null,
            received_at: at,
            message_id: id + 2,
            envelope: null,
          },
        }
      }
    })
  } finally {
    await store.close()
  }
}
