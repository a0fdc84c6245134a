/** Which of the portal's addresses a mail was sent to. The sender of a mail must not be able to choose. */
import type {Envelope} from '../channel/delivery.ts'
import type {Message} from '../message/message.ts'
import type {Arrival, ChannelFacts, Facts, RecipientMatch} from './facts.ts'

export type RecipientResult = {readonly match: RecipientMatch} | {readonly match: null; readonly why: string}

/** Fields in which an MTA writes the SMTP recipient at the final delivery (RFC 9228; Postfix, Exim). */
const DELIVERY_FIELDS = new Set(['delivered-to', 'x-original-to', 'envelope-to'])

/**
 * The SMTP envelope decides; where mail is pulled and the envelope is lost, the field that the last MTA wrote it in;
 * To and Cc only where that is missing too, or names nothing but the mailbox that was pulled.
 */
export function matchRecipient(arrival: Arrival, facts: Facts): RecipientResult {
  if (arrival.envelope !== null) return matchEnvelope(arrival.envelope, facts)
  const trusted = arrival.source.envelopeHeader
    ? addressesOf(arrival.message, (name) => name === arrival.source.envelopeHeader)
    : addressesOf(traceBlock(arrival.message), (name) => DELIVERY_FIELDS.has(name))
  // A recipient outside the portal's domain cannot be an internal address: it is the catch-all mailbox itself.
  const inside = trusted.filter(({address}) => lookUp(address, facts) !== undefined || isInternal(address, facts))
  if (inside.length > 0) {
    for (const {name, address} of inside) {
      const channel = lookUp(address, facts)
      if (channel) return {match: {channel, address, header: name}}
    }
    const unknown = inside.find(({address}) => !isCatchAll(address, arrival))
    if (unknown)
      return {match: null, why: `${unknown.name} names ${unknown.address}, which is no address of this portal`}
  }
  const {to, cc} = arrival.message
  const visible = [...to.map(({address}) => ({name: 'to', address})), ...cc.map(({address}) => ({name: 'cc', address}))]
  for (const {name, address} of visible) {
    const channel = lookUp(address, facts)
    if (channel) return {match: {channel, address, header: name}}
  }
  const named = visible
    .map(({address}) => address)
    .slice(0, 3)
    .join(', ')
  return {match: null, why: named ? `To and Cc name only ${named}` : 'no header names a recipient'}
}

/** The channel of an SMTP envelope, before the message itself was read. */
function matchEnvelope({recipients}: Envelope, facts: Pick<Facts, 'channels'>): RecipientResult {
  for (const address of recipients) {
    const channel = lookUp(address, facts)
    if (channel) return {match: {channel, address, header: 'envelope'}}
  }
  return {match: null, why: `the envelope names ${recipients.join(', ')}, which is no address of this portal`}
}

/** The exact address, else the one without its `+detail` (RFC 5233). */
function lookUp(address: string, facts: Pick<Facts, 'channels'>): ChannelFacts | undefined {
  const key = address.toLowerCase()
  return facts.channels.get(key) ?? facts.channels.get(key.replace(/\+[^@]*(?=@)/, ''))
}

const isInternal = (address: string, facts: Facts) => address.toLowerCase().endsWith(`@${facts.portal.domain}`)

/** True for the address of the mailbox that is pulled: every mail of a catch-all names it. */
function isCatchAll(address: string, arrival: Arrival): boolean {
  return arrival.source.catchAll !== null && address.toLowerCase() === arrival.source.catchAll
}

/** The fields above the first Received: only the last MTA can have written those (RFC 5321 4.4). */
function traceBlock(message: Message): Pick<Message, 'fields'> {
  const received = message.fields.findIndex(({name}) => name === 'received')
  return {fields: received === -1 ? [] : message.fields.slice(0, received)}
}

function addressesOf(
  {fields}: Pick<Message, 'fields'>,
  wanted: (name: string) => boolean,
): {readonly name: string; readonly address: string}[] {
  return fields
    .filter(({name}) => wanted(name))
    .flatMap(({name, value}) => value.split(',').map((part) => ({name, address: bareAddress(part)})))
    .filter(({address}) => address.includes('@'))
}

/** `Name <a@b>`, `<a@b>` and `a@b` alike: delivery fields are written in all three forms. */
export function bareAddress(text: string): string {
  const open = text.lastIndexOf('<')
  const close = text.indexOf('>', open)
  return (open !== -1 && close !== -1 ? text.slice(open + 1, close) : text).trim()
}
