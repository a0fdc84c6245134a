/** By which address a ticket is answered. */

/** An address of the portal, as far as sending is concerned. */
export interface SendingChannel {
  readonly id: number
  readonly address: string
  /** By its kind: an internal address never can. */
  readonly canSend: boolean
}

export type SenderChoice =
  | {readonly channel: SendingChannel; readonly why: 'asked for' | "the ticket's own" | "the queue's sender"}
  | {readonly channel: null; readonly why: string}

/** The one that was asked for; else the address that the ticket came by, where that can send; else its queue's sender. */
export function chooseSender(from: {
  readonly asked: SendingChannel | null
  readonly ticketChannel: SendingChannel | null
  readonly queueSender: SendingChannel | null
  /** The key of the ticket's queue; null for none. */
  readonly queue: string | null
}): SenderChoice {
  const {asked, ticketChannel, queueSender, queue} = from
  if (asked !== null)
    return asked.canSend
      ? {channel: asked, why: 'asked for'}
      : {channel: null, why: `${asked.address} is an internal address, which cannot send`}
  if (ticketChannel?.canSend) return {channel: ticketChannel, why: "the ticket's own"}
  if (queueSender?.canSend) return {channel: queueSender, why: "the queue's sender"}
  const came =
    ticketChannel === null
      ? 'the address that the ticket came by was removed'
      : `it came by ${ticketChannel.address}, an internal address, which cannot send`
  return {channel: null, why: `${came}; ${queue === null ? 'it is in no queue' : `its queue ${queue} has no sender`}`}
}
