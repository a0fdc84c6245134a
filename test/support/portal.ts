/** A portal with a queue, agents and internal addresses, for tests that start where mail comes in. */
import {addPortal} from '../../src/lib/portal.ts'
import type {SourceFacts} from '../../src/lib/intake/facts.ts'
import type {SenderCheck} from '../../src/lib/sender-check.ts'
import {insertAgent, updateAgent} from '../../src/lib/store/agents.ts'
import {insertChannel} from '../../src/lib/store/channels.ts'
import type {Store} from '../../src/lib/store/open.ts'
import {findPortal, type PortalRow} from '../../src/lib/store/portals.ts'
import {insertQueue, setMembers} from '../../src/lib/store/queues.ts'

export const NOW = '2026-03-01T09:00:00.000Z'

/** What is known of an MTA's pipe. */
export const pipeFacts = (id: number): SourceFacts => ({
  id,
  kind: 'pipe',
  catchAll: null,
  envelopeHeader: null,
  trustedAuthservId: null,
  replacedAt: null,
})

/** Nothing is known of any sender, and nobody is asked. */
export const unchecked: SenderCheck = (arrival) => Promise.resolve(arrival)

export interface PortalSeed {
  readonly key?: string
  readonly domain?: string
  /** Local parts of internal addresses; all lead to the queue `support`. */
  readonly addresses?: readonly string[]
  /** Agents of the queue by email; true for those online. */
  readonly agents?: Readonly<Record<string, boolean>>
  readonly closedPolicy?: string
  readonly assignOnline?: boolean
  readonly maxMessageSize?: number
}

export async function seedPortal(store: Store, seed: PortalSeed = {}): Promise<PortalRow> {
  const {key = 'acme', domain = 'acme.example', addresses = ['support'], agents = {}} = seed
  await addPortal(
    store,
    {key, domain, name: key, timezone: 'UTC', locale: 'en', max_message_size: seed.maxMessageSize ?? 200_000_000},
    {ifNotExists: false, now: NOW},
  )
  const portal = (await findPortal(store.db, key))!
  await store.transaction(async (tx) => {
    const queue = await insertQueue(
      tx,
      portal.id,
      {key: 'support', name: 'Support', closed_policy: seed.closedPolicy ?? 'reopen', sender_channel_id: null},
      NOW,
    )
    const members: number[] = []
    for (const [email, online] of Object.entries(agents)) {
      const agent = await insertAgent(tx, portal.id, {email, name: email}, NOW)
      if (online) await updateAgent(tx, agent, {online_since: NOW}, NOW)
      members.push(agent.id)
    }
    await setMembers(tx, queue, members)
    for (const local of addresses)
      await insertChannel(
        tx,
        portal.id,
        {
          kind: 'internal',
          address: `${local}@${domain}`,
          name: local,
          queue_id: queue.id,
          assign_online: seed.assignOnline === false ? 0 : 1,
          deactivated_at: null,
          auto_reply: 0,
          auto_reply_subject: '',
          auto_reply_body: '',
        },
        NOW,
      )
  })
  return portal
}

/** A mail as bytes, with CRLF. */
export function mail(headers: Readonly<Record<string, string>>, body = 'Hello\n'): Buffer {
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body.replace(/\r?\n/g, '\r\n')}`)
}
