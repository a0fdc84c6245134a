/** Whether a mail goes round between forwarders that send it back to each other. */
import type {HeaderSign} from '../message/automatic.ts'
import type {Message} from '../message/message.ts'
import {bareAddress} from './match-recipient.ts'
import type {RecipientMatch} from './facts.ts'

/** Received fields that no honest way needs: "a large rejection threshold, normally at least 100" (RFC 5321 6.3). */
const MAX_RECEIVED = 100

/**
 * Earlier deliveries to the very address that it is for now, told by Delivered-To (RFC 9228). One may be a person who
 * sends an old mail there anew, or a program that fetched it from a mailbox and delivered it again; two are a loop.
 */
const MAX_OWN_DELIVERIES = 2

/** By which marks a mail goes round; null where it does not. */
export function matchLoop({fields}: Pick<Message, 'fields'>, recipient: RecipientMatch | null): HeaderSign | null {
  const received = fields.filter(({name}) => name === 'received').length
  if (received > MAX_RECEIVED)
    return {header: 'received', why: `it has ${received} Received fields, more than ${MAX_RECEIVED}`}
  if (recipient === null || received === 0) return null
  const own = recipient.address.toLowerCase()
  // What stands above the first Received was written by the delivery that brought it here (RFC 5321 4.4).
  const times = fields
    .slice(fields.findIndex(({name}) => name === 'received'))
    .filter(({name, value}) => name === 'delivered-to' && bareAddress(value).toLowerCase() === own).length
  return times < MAX_OWN_DELIVERIES
    ? null
    : {header: 'delivered-to', why: `it was delivered to ${recipient.address} ${times} times before`}
}
