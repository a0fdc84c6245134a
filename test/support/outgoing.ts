/** Outgoing mail and SMTP addresses as they stand in the store, put there by hand. */
import {tokenFrom, hashToken} from '../../src/lib/message/token.ts'
import type {Security} from '../../src/lib/server-settings.ts'
import {insertChannel} from '../../src/lib/store/channels.ts'
import {reserveId} from '../../src/lib/store/ids.ts'
import type {PortalRow} from '../../src/lib/store/portals.ts'
import type {Store} from '../../src/lib/store/open.ts'
import {findTicket} from '../../src/lib/store/tickets.ts'
import {NOW} from './portal.ts'

export interface SentMessage {
  readonly id: number
  /** Without angle brackets. */
  readonly messageId: string
  /** The address that answers go to. */
  readonly replyAddress: string
}

let sent = 0

/** An answer that an agent has sent in a ticket, to these recipients, who become participants. */
export async function sendAnswer(
  store: Store,
  portal: PortalRow,
  number: number,
  recipients: readonly string[],
  {providerId = null, expiresAt = null}: {providerId?: string | null; expiresAt?: string | null} = {},
): Promise<SentMessage> {
  const ticket = (await findTicket(store.db, portal.id, number))!
  const [idToken, replyToken] = [1, 2].map((salt) => {
    const bytes = new Uint8Array(16).fill(salt)
    new DataView(bytes.buffer).setUint32(0, ++sent)
    return tokenFrom(bytes)
  }) as [string, string]
  const own = {portal_id: portal.id}
  const id = await store.transaction(async (tx) => {
    const id = await reserveId(tx, portal.id)
    await tx
      .insertInto('message')
      .values({
        ...own,
        id,
        ticket_id: ticket.id,
        direction: 'out',
        kind: 'reply',
        header_id: providerId,
        from_name: 'Support',
        from_address: `support@${portal.domain}`,
        subject: `Re: ${ticket.subject}`,
        base_subject: ticket.subject,
        date: NOW,
        received_at: NOW,
        author: 'ann@acme.example',
        threaded_by: 'reply',
        size: 0,
        third_party: 0,
      })
      .execute()
    await tx
      .insertInto('token')
      .values(
        [
          {kind: 'message-id' as const, token: idToken},
          {kind: 'reply' as const, token: replyToken},
        ].map(({kind, token}) => ({
          ...own,
          hash: hashToken(token),
          kind,
          ticket_id: ticket.id,
          message_id: id,
          expires_at: expiresAt,
          created_at: NOW,
        })),
      )
      .execute()
    await tx
      .insertInto('outgoing')
      .values({
        ...own,
        message_id: id,
        channel_id: null,
        sender_id: null,
        kind: 'reply',
        attempts: 1,
        next_at: null,
        return_path: '',
        fallback_return_path: null,
        expires_at: null,
        dismissed_at: null,
        created_at: NOW,
      })
      .execute()
    for (const address of recipients) {
      await tx
        .insertInto('outgoing_recipient')
        .values({...own, message_id: id, address: address.toLowerCase(), state: 'sent', reply: '250 ok', at: NOW})
        .execute()
      await tx
        .insertInto('participant')
        .values({...own, ticket_id: ticket.id, address: address.toLowerCase(), message_id: id})
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    }
    return id
  })
  return {
    id,
    messageId: `pd.${idToken}@${portal.domain}`,
    replyAddress: `support+t${replyToken}@${portal.domain}`,
  }
}

/** An SMTP address; what is left out it leaves to the internal one that it forwards to, if any. */
export async function addSmtpChannel(
  store: Store,
  portal: PortalRow,
  address: string,
  fields: {
    readonly forwardsTo?: number
    readonly queueId?: number
    readonly name?: string
    /** Without encryption unless it says otherwise; left out: one that nobody asks. */
    readonly server?: {readonly host: string; readonly port: number; readonly security?: Security}
    readonly user?: string
  },
): Promise<number> {
  return store.transaction(async (tx) => {
    const {id} = await insertChannel(
      tx,
      portal.id,
      {
        kind: 'smtp',
        address,
        name: fields.name ?? address,
        queue_id: fields.queueId ?? null,
        assign_online: 0,
        deactivated_at: null,
        auto_reply: 0,
        auto_reply_subject: '',
        auto_reply_body: '',
      },
      NOW,
    )
    const {host, port, security = 'none'} = fields.server ?? {host: 'smtp.provider.example', port: 465, security: 'tls'}
    await tx
      .insertInto('smtp_channel')
      .values({
        portal_id: portal.id,
        channel_id: id,
        host,
        port,
        security,
        user_name: fields.user ?? address,
        forwards_to_id: fields.forwardsTo ?? null,
      })
      .execute()
    return id
  })
}
