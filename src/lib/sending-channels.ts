/** The addresses of a portal as senders, and the letterheads that mail is written under. */
import {senderName} from './channel/sender-name.ts'
import {requireChannel} from './channel-summary.ts'
import {cannotAnswer} from './errors.ts'
import type {Letterhead} from './outgoing-mail.ts'
import {findAgent} from './store/agents.ts'
import {listChannels, listSmtpChannels, type ChannelRow, type SmtpChannelRow} from './store/channels.ts'
import type {PortalRow} from './store/portals.ts'
import {listQueues} from './store/queues.ts'
import type {Db} from './store/schema.ts'
import {chooseSender, type SendingChannel} from './ticket/choose-sender.ts'

/** An address by which mail can leave, with all that is known of it. */
export interface ChosenSender {
  readonly channel: ChannelRow
  readonly smtp: SmtpChannelRow
  readonly why: string
}

/**
 * The address by which a ticket is answered. `asked`: the address that was named instead.
 * @throws 78 where there is none, naming the fix; 67 for an address that is not there.
 */
export async function senderOfTicket(
  db: Db,
  portal: PortalRow,
  ticket: {readonly number: number | null; readonly channel_id: number | null; readonly queue_id: number | null},
  asked: string | undefined,
): Promise<ChosenSender> {
  const channels = new Map((await listChannels(db, portal.id)).map((row) => [row.id, row]))
  const smtp = new Map((await listSmtpChannels(db, portal.id)).map((row) => [row.channel_id, row]))
  const queue = (await listQueues(db, portal.id)).find(({id}) => id === ticket.queue_id)
  const known = (id: number | null | undefined): SendingChannel | null => {
    const row = channels.get(id ?? 0)
    return row === undefined ? null : {id: row.id, address: row.address, canSend: smtp.has(row.id)}
  }
  const choice = chooseSender({
    asked: asked === undefined ? null : known((await requireChannel(db, portal, asked)).id),
    ticketChannel: known(ticket.channel_id),
    queueSender: known(queue?.sender_channel_id),
    queue: queue?.key ?? null,
  })
  if (choice.channel === null) {
    const able = [...channels.values()].find((row) => smtp.has(row.id))?.address ?? null
    throw cannotAnswer({...ticket, why: choice.why, portal: portal.key, queue: queue?.key ?? null, able})
  }
  const {id} = choice.channel
  return {channel: channels.get(id)!, smtp: smtp.get(id)!, why: choice.why}
}

/** How mail by an address is headed. `agent`: the email of who writes it; left out for the admin. */
export async function letterheadOf(
  db: Db,
  portal: PortalRow,
  {channel, smtp}: Pick<ChosenSender, 'channel' | 'smtp'>,
  agent: string | undefined,
): Promise<Letterhead> {
  const name = agent === undefined ? undefined : (await findAgent(db, portal.id, agent))?.name
  const from = {name: senderName(channel.name, name), address: channel.address}
  return {
    channelId: channel.id,
    senderId: channel.id,
    from,
    // Only where a round trip proved that a detail arrives: else the answer itself would be lost. The Message-ID carries the
    // thread in any case.
    replyTo: smtp.plus_addressing === 1 ? {address: from, tagged: true} : null,
    bounces: 'author',
  }
}
