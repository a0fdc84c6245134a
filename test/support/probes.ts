/** Probes that are on their way, as the store and the mailbox know them, without a provider. */
import {randomBytes} from 'node:crypto'
import {loopMark} from '../../src/lib/message/loop-mark.ts'
import {probeMessageId, probeSubject} from '../../src/lib/message/probe-mark.ts'
import {hashToken, newToken} from '../../src/lib/message/token.ts'
import {writeProbe} from '../../src/lib/round-trip/write-probe.ts'
import {findChannel} from '../../src/lib/store/channels.ts'
import type {Store} from '../../src/lib/store/open.ts'
import {lockPortal, storeId, type PortalRow} from '../../src/lib/store/portals.ts'
import {findProbesById, insertProbe, type Probe} from '../../src/lib/store/probes.ts'
import {addSmtpChannel} from './outgoing.ts'
import {NOW} from './portal.ts'

interface Place {
  readonly store: Store
  readonly portal: PortalRow
}

export interface SentProbe {
  readonly id: number
  readonly nonce: string
  /** As it was given to the provider. */
  readonly raw: Buffer
}

/** Adds an SMTP address that forwards to the first internal one, and gives its id. */
export async function addForward(
  {store, portal}: Place,
  address = 'sales@shop.example',
  to = `support@${portal.domain}`,
): Promise<number> {
  const internal = (await findChannel(store.db, portal.id, to))!
  return addSmtpChannel(store, portal, address, {forwardsTo: internal.id})
}

/** A probe of an SMTP address that left at `sentAt`. */
export async function sendProbe(
  {store, portal}: Place,
  {address = 'sales@shop.example', sentAt = NOW}: {readonly address?: string; readonly sentAt?: string} = {},
): Promise<SentProbe> {
  const channel = (await findChannel(store.db, portal.id, address))!
  const nonce = newToken(randomBytes)
  const messageId = probeMessageId(nonce, portal.domain)
  const id = await store.transaction(async (tx) => {
    await lockPortal(tx, portal.id)
    const row = {channelId: channel.id, kind: 'forwarding', nonceHash: hashToken(nonce), sentTo: address} as const
    return insertProbe(tx, portal.id, {...row, messageId, sentAt})
  })
  const raw = await writeProbe({
    from: {name: 'Sales', address},
    to: address,
    messageId,
    subject: probeSubject('K7QM'),
    nonce,
    date: sentAt,
    loopMark: loopMark(await storeId(store.db), portal.id),
  })
  return {id, nonce, raw}
}

/** A mail as it stands in the mailbox at the end of a forward: what the servers on its way have put on top. */
export const forwarded = (raw: Buffer, to = 'support@acme.example'): Buffer =>
  Buffer.concat([
    Buffer.from(
      `Delivered-To: ${to}\r\nReceived: from mx.shop.example (mx.shop.example [192.0.2.1])\r\n by mx.acme.example`,
    ),
    Buffer.from(' with ESMTPS id 1; Sun, 01 Mar 2026 09:00:02 +0000\r\n'),
    raw,
  ])

/** What the store knows of a probe. */
export const findProbe = async ({store, portal}: Place, id: number): Promise<Probe> =>
  (await findProbesById(store.db, store.dialect, portal.id, [id])).get(id)!
