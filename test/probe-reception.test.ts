/** Probes, and what providers ask to confirm, as they come in among the mail of customers. */
import assert from 'node:assert/strict'
import {describe, test, type TestContext} from 'node:test'
import type {Content, Outcome} from '../src/lib/channel/delivery.ts'
import {emailStatus} from '../src/lib/email-status.ts'
import {listConfirmations} from '../src/lib/forwarding-confirmations.ts'
import type {SourceFacts} from '../src/lib/intake/facts.ts'
import {silent} from '../src/lib/log.ts'
import {createParsePool} from '../src/lib/message/parse-pool.ts'
import {hashToken, newToken} from '../src/lib/message/token.ts'
import {retryQuarantined, type RetriedItem} from '../src/lib/quarantine-retry.ts'
import {createDryRun, createReceive} from '../src/lib/receive.ts'
import type {Store} from '../src/lib/store/open.ts'
import type {PortalRow} from '../src/lib/store/portals.ts'
import type {QuarantineSelection} from '../src/lib/store/quarantine.ts'
import {acquireLease, ledgerOf, putSource} from '../src/lib/store/sources.ts'
import {fixture} from './message/mail.ts'
import {mail, NOW, pipeFacts, seedPortal, unchecked} from './support/portal.ts'
import {addForward, findProbe, forwarded, sendProbe} from './support/probes.ts'
import {customerMail} from './support/seed.ts'
import {startStore, STORES, type StoreKind} from './support/stores.ts'

interface Inbound {
  readonly store: Store
  readonly portal: PortalRow
  /** Takes mails in as one batch. */
  take(...mails: readonly (Buffer | Content)[]): Promise<readonly Outcome[]>
  /** As `take`, and writes nothing. */
  tell(...mails: readonly Buffer[]): Promise<readonly Outcome[]>
  /** The keys of the items that need nothing more. */
  settled(): Promise<ReadonlySet<string>>
  /** Another process takes the mailbox over, as after a crash of this one. */
  takeOver(): Promise<void>
}

let sources = 0
let items = 0

/** A mailbox that a portal is fetched from, with an SMTP address that is forwarded to `support`. */
async function startInbound(
  t: TestContext,
  kind: StoreKind,
  {store, ...seed}: {readonly store?: Store; readonly key?: string; readonly domain?: string} = {},
): Promise<Inbound> {
  const own = store ?? (await startStore(t, kind))
  const portal = await seedPortal(own, {addresses: ['support', 'billing'], ...seed})
  await addForward({store: own, portal}, `sales@shop.${portal.key}.example`)
  return openInbound(t, {store: own, portal})
}

/** Another mailbox of the same portal. */
async function openInbound(
  t: TestContext,
  {store, portal}: {readonly store: Store; readonly portal: PortalRow},
): Promise<Inbound> {
  const row = await store.transaction((tx) =>
    putSource(tx, portal.id, {kind: 'imap', identity: `imap:${++sources}`, config: '{}'}, NOW),
  )
  const source: SourceFacts = {...pipeFacts(row.id), kind: 'imap'}
  const pool = createParsePool()
  t.after(() => pool.close())
  const context = {
    store,
    portal,
    source,
    pool,
    checkSender: unchecked,
    clock: {now: () => NOW},
    log: silent,
    timings: {commitMs: 0},
  }
  const receive = createReceive({...context, lease: await acquireLease(store, row, 'the inbound'), effects: true})
  const delivery = (content: Buffer | Content) => ({
    item: {epoch: '7', key: String(++items).padStart(10, '0')},
    content: Buffer.isBuffer(content) ? ({kind: 'raw', bytes: Buffer.from(content)} as const) : content,
    envelope: null,
    receivedAt: NOW,
    cursor: {uid: items},
  })
  return {
    store,
    portal,
    take: (...mails) => receive(mails.map(delivery)),
    tell: (...mails) => createDryRun(context)(mails.map(delivery)),
    settled: () => ledgerOf(store, row).settled('7', ''),
    takeOver: async () => {
      await store.db
        .updateTable('source')
        .set(({eb}) => ({lease_token: eb('lease_token', '+', 1)}))
        .where('id', '=', row.id)
        .execute()
    },
  }
}

const address = ({portal}: Pick<Inbound, 'portal'>) => `sales@shop.${portal.key}.example`

async function countRows({store, portal}: Inbound): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const table of ['ticket', 'message', 'raw', 'quarantine', 'outgoing'] as const) {
    const row = await store.db
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('portal_id', '=', portal.id)
      .executeTakeFirstOrThrow()
    if (row.n > 0) counts[table] = row.n
  }
  return counts
}

async function retry({store, portal}: Inbound, selection: QuarantineSelection): Promise<RetriedItem[]> {
  const retried: RetriedItem[] = []
  const options = {store, portal, selection, checkSender: unchecked, clock: {now: () => NOW}, log: silent}
  for await (const batch of retryQuarantined(options)) retried.push(...batch)
  return retried
}

const kinds = (outcomes: readonly Outcome[]) => outcomes.map(({kind}) => kind)

for (const kind of STORES)
  describe(`probes that come in on ${kind}`, () => {
    test('are noted with where they came, make nothing, and are not fetched again', async (t) => {
      const inbound = await startInbound(t, kind)
      const probe = await sendProbe(inbound, {address: address(inbound)})
      const mails = [customerMail(), forwarded(probe.raw), customerMail()]
      assert.deepEqual(kinds(await inbound.tell(...mails)), ['created', 'skipped', 'created'])
      assert.deepEqual((await findProbe(inbound, probe.id)).sightings, [], 'a dry run notes nothing')
      const outcomes = await inbound.take(...mails)
      assert.deepEqual(kinds(outcomes), ['created', 'skipped', 'created'])
      assert.deepEqual(
        [outcomes[1]!.reason, outcomes[1]!.address, outcomes[1]!.ticket],
        [`probe: the forwarding of ${address(inbound)} is being tested`, address(inbound), null],
      )
      assert.deepEqual(await countRows(inbound), {ticket: 2, message: 2, raw: 2})
      assert.equal((await inbound.settled()).size, 3)
      const items = await inbound.store.db.selectFrom('source_item').select(['state', 'effect']).execute()
      assert.deepEqual(
        items.filter(({state}) => state === 'probe'),
        [{state: 'probe', effect: 'due'}],
        'what the inbound asks for is done with it as well',
      )
      const smtp = await inbound.store.db.selectFrom('smtp_channel').selectAll().executeTakeFirstOrThrow()
      assert.equal(smtp.forwarding_verified_at, NOW, 'its return proves the forward, whoever waits for it')
      const {arrivedAt, sightings} = await findProbe(inbound, probe.id)
      assert.equal(arrivedAt, NOW)
      const [sighting, ...others] = sightings
      assert.ok(sighting?.kind === 'arrived' && others.length === 0)
      assert.equal(sighting.match.match?.channel.address, address(inbound))
      assert.equal(sighting.match.match?.internal?.address, 'support@acme.example')
      assert.deepEqual(
        sighting.fields.slice(0, 2).map(({name}) => name),
        ['delivered-to', 'received'],
      )
    })

    test('are noted again where they come again, and another day are a loop', async (t) => {
      const inbound = await startInbound(t, kind)
      const other = await openInbound(t, inbound)
      const probe = await sendProbe(inbound, {address: address(inbound)})
      assert.deepEqual(kinds(await inbound.take(forwarded(probe.raw), forwarded(probe.raw, 'billing@acme.example'))), [
        'skipped',
        'skipped',
      ])
      assert.deepEqual(kinds(await other.take(forwarded(probe.raw))), ['skipped'])
      const {sightings} = await findProbe(inbound, probe.id)
      assert.deepEqual(
        sightings.map(
          (seen) => seen.kind === 'arrived' && (seen.match.match?.internal ?? seen.match.match?.channel)?.address,
        ),
        ['support@acme.example', 'billing@acme.example', 'support@acme.example'],
      )
      assert.equal(new Set(sightings.map(({source}) => source.id)).size, 2)
      const old = await sendProbe(inbound, {address: address(inbound), sentAt: '2026-02-28T09:00:00.000Z'})
      const [late] = await inbound.take(forwarded(old.raw))
      assert.match(late!.reason, /^loop: /)
      assert.deepEqual((await findProbe(inbound, old.id)).sightings, [])
      assert.deepEqual(
        (await retry(inbound, {})).map(({outcome}) => outcome),
        ['quarantined'],
      )
    })

    test('are noted by the transaction that settles them, or not at all', async (t) => {
      const inbound = await startInbound(t, kind)
      const probe = await sendProbe(inbound, {address: address(inbound)})
      await inbound.takeOver()
      await assert.rejects(inbound.take(customerMail(), forwarded(probe.raw)), /Another process took over/)
      assert.deepEqual([await countRows(inbound), (await inbound.settled()).size], [{}, 0])
      assert.deepEqual((await findProbe(inbound, probe.id)).sightings, [])
    })

    test('prove no forward where they come in for another address', async (t) => {
      const inbound = await startInbound(t, kind)
      const probe = await sendProbe(inbound, {address: address(inbound)})
      await inbound.take(forwarded(probe.raw, 'billing@acme.example'))
      assert.equal((await findProbe(inbound, probe.id)).sightings.length, 1)
      const smtp = await inbound.store.db.selectFrom('smtp_channel').selectAll().executeTakeFirstOrThrow()
      assert.equal(smtp.forwarding_verified_at, null)
    })

    test('of another portal are mail as any other, and a mark that nobody knows hides nothing', async (t) => {
      const inbound = await startInbound(t, kind)
      const beside = await startInbound(t, kind, {store: inbound.store, key: 'other', domain: 'other.example'})
      const probe = await sendProbe(inbound, {address: address(inbound)})
      assert.deepEqual(kinds(await beside.take(forwarded(probe.raw, 'support@other.example'))), ['created'])
      assert.deepEqual((await findProbe(inbound, probe.id)).sightings, [])
      assert.deepEqual(await countRows(inbound), {})
      const forged = `probe.${newToken((bytes) => new Uint8Array(bytes).fill(7))}`
      const attack = customerMail({'X-Postdesk-Probe': forged, 'Message-ID': `<${forged}@evil.example>`})
      assert.deepEqual(kinds(await inbound.take(attack)), ['created'])
    })

    test('are recognised however large, by a report, and when they were kept out before', async (t) => {
      const inbound = await startInbound(t, kind)
      const probe = await sendProbe(inbound, {address: address(inbound)})
      const stream = async function* () {
        yield Buffer.from(forwarded(probe.raw))
        yield Buffer.alloc(1_000_000, 'x\r\n')
      }
      assert.deepEqual(kinds(await inbound.take({kind: 'stream', chunks: stream()})), ['skipped'])
      assert.deepEqual(await countRows(inbound), {})

      const bounced = await sendProbe(inbound, {address: address(inbound)})
      const [returned = ''] = bounced.raw.toString().split('\r\n\r\n')
      const report = mail(
        {
          From: 'MAILER-DAEMON@mx.shop.example',
          To: address(inbound),
          Subject: 'Undelivered Mail Returned to Sender',
          'Auto-Submitted': 'auto-replied',
          'Content-Type': 'multipart/report; report-type=delivery-status; boundary=b',
        },
        [
          '--b\n\nNo.\n--b\nContent-Type: message/delivery-status\n',
          'Reporting-MTA: dns; mx.shop.example\n',
          'Final-Recipient: rfc822; support@acme.example\nAction: failed\nStatus: 5.1.1',
          'Diagnostic-Code: smtp; 550 5.1.1 no such user\n--b\nContent-Type: text/rfc822-headers\n',
          `${returned}\n--b--\n`,
        ].join('\n'),
      )
      const [outcome] = await inbound.take(forwarded(report))
      assert.match(outcome!.reason, /^probe: .*could not be delivered$/)
      const [seen] = (await findProbe(inbound, bounced.id)).sightings
      assert.ok(seen?.kind === 'bounced')
      assert.deepEqual(
        seen.recipients.map(({status, diagnostic}) => [status, diagnostic]),
        [['5.1.1', '550 5.1.1 no such user']],
      )

      // One whose row came after it, as from a backup.
      const late = await sendProbe(inbound, {address: address(inbound)})
      const hash = hashToken(late.nonce)
      const hide = (nonce_hash: string) =>
        inbound.store.db.updateTable('probe').set({nonce_hash}).where('id', '=', late.id).execute()
      await hide('elsewhere')
      assert.deepEqual(kinds(await inbound.take(forwarded(late.raw))), ['quarantined'])
      assert.deepEqual(await countRows(inbound), {raw: 1, quarantine: 1})
      await hide(hash)
      assert.deepEqual(
        (await retry(inbound, {})).map((item) => item.outcome),
        ['skipped'],
      )
      assert.deepEqual(await countRows(inbound), {})
      assert.equal((await findProbe(inbound, late.id)).sightings.length, 1)
    })

    test('what a provider asks to confirm waits, is told by the status, and is a ticket where a person wants it', async (t) => {
      const inbound = await startInbound(t, kind)
      const outcomes = await inbound.take(
        customerMail(),
        fixture('gmail-forwarding-code.eml'),
        fixture('gmail-forwarding-link.eml'),
      )
      assert.deepEqual(kinds(outcomes), ['created', 'quarantined', 'quarantined'])
      const waiting = await listConfirmations(inbound.store, inbound.portal)
      assert.deepEqual(
        waiting.map(({target}) => target),
        ['support@acme.example', 'support@acme.example'],
      )
      const {findings} = await emailStatus(inbound.store, inbound.portal, {now: NOW})
      const told = findings.filter(({code}) => code === 'FORWARDING_CONFIRMATION')
      assert.equal(told.length, 2)
      assert.match(told[1]!.text, /code: 99427480; link: https:\/\/mail-settings\.google\.com\/mail\/vf-/)
      assert.ok(
        told[1]!.fixes.some(({command}) => command === `postdesk quarantine drop ${waiting[1]!.id} --portal acme`),
      )
      assert.ok(!findings.some(({code}) => code === 'QUARANTINE_NOT_EMPTY'), 'it is told once')

      assert.deepEqual(
        (await retry(inbound, {})).map(({outcome}) => outcome),
        ['quarantined', 'quarantined'],
      )
      assert.deepEqual(
        (await retry(inbound, {ids: [waiting[0]!.id]})).map(({outcome}) => outcome),
        ['created'],
      )
      const rest = await retry(inbound, {reasons: ['forwarding-confirmation']})
      assert.deepEqual(
        rest.map(({outcome}) => outcome),
        ['created'],
      )
      assert.deepEqual(await countRows(inbound), {ticket: 3, message: 3, raw: 3})
    })
  })
