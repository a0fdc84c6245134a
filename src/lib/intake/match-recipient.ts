/** Which of the portal's addresses a mail was sent to. The sender of a mail must not be able to choose. */
import type {Envelope} from '../channel/delivery.ts'
import type {Message} from '../message/message.ts'
import type {Arrival, ChannelFacts, Facts, RecipientMatch, RowId} from './facts.ts'

export type RecipientResult = {readonly match: RecipientMatch} | {readonly match: null; readonly why: string}

/** Fields in which an MTA writes the SMTP recipient at the final delivery (RFC 9228; Postfix, Exim). */
const DELIVERY_FIELDS = new Set(['delivered-to', 'x-original-to', 'envelope-to'])

/**
 * Fields that may say for which SMTP address a mail was forwarded. The sender may write them too: all he can choose by
 * them is an SMTP address whose owner forwards to the very internal address that the mail was delivered to.
 */
const FORWARDING_FIELDS = new Set([
  'x-forwarded-to',
  'x-forwarded-for',
  'delivered-to',
  'x-original-to',
  'envelope-to',
  'x-envelope-to',
  'resent-to',
])

/**
 * The address of the portal that a mail was delivered to, and the SMTP address that it was forwarded for. The SMTP envelope
 * decides; where mail is pulled and the envelope is lost, the field that the last MTA wrote it in; To and Cc only where
 * that is missing too, or names nothing but the mailbox that was pulled.
 */
export function matchRecipient(arrival: Arrival, facts: Facts): RecipientResult {
  const delivered = matchDelivered(arrival, facts)
  if (delivered.match === null || delivered.match.channel.kind !== 'internal') return delivered
  return {match: forwardedFor(arrival.message, delivered.match, facts) ?? delivered.match}
}

function matchDelivered(arrival: Arrival, facts: Facts): RecipientResult {
  if (arrival.envelope !== null) return matchEnvelope(arrival.envelope, facts)
  const {envelopeHeader} = arrival.source
  const trusted = envelopeHeader
    ? addressesOf(lastWritten(arrival.message, envelopeHeader), (name) => name === envelopeHeader)
    : addressesOf(traceBlock(arrival.message), (name) => DELIVERY_FIELDS.has(name))
  // A recipient outside the portal's domain cannot be an internal address: it is the catch-all mailbox itself.
  const inside = trusted.filter(({address}) => receives(address, facts) !== undefined || isInternal(address, facts))
  if (inside.length > 0) {
    for (const {name, address} of inside) {
      const channel = receives(address, facts)
      if (channel) return {match: {channel, address, header: name, internal: null}}
    }
    const unknown = inside.find(({address}) => !isCatchAll(address, arrival))
    if (unknown)
      return {match: null, why: `${unknown.name} names ${unknown.address}, which is no address of this portal`}
  }
  return matchVisible(arrival.message, facts)
}

/** Nothing but To and Cc is left. An SMTP address there counts where it forwards into the portal. */
function matchVisible(message: Message, facts: Facts): RecipientResult {
  const visible = visibleRecipients(message)
  for (const {name, address} of visible) {
    const channel = receives(address, facts)
    if (channel) return {match: {channel, address, header: name, internal: null}}
  }
  for (const {name, address} of visible) {
    const channel = lookUp(address, facts)
    const internal = channel?.forwardsTo == null ? undefined : channelWithId(channel.forwardsTo, facts)
    if (channel && internal) return {match: {channel, address, header: name, internal}}
  }
  const named = visible
    .map(({address}) => address)
    .slice(0, 3)
    .join(', ')
  return {match: null, why: named ? `To and Cc name only ${named}` : 'no header names a recipient'}
}

const visibleRecipients = ({to, cc}: Message) => [
  ...to.map(({address}) => ({name: 'to', address})),
  ...cc.map(({address}) => ({name: 'cc', address})),
]

/** The SMTP address that forwards to this internal one and that the mail names; null where there is none. */
function forwardedFor(message: Message, delivered: RecipientMatch, facts: Facts): RecipientMatch | null {
  const internal = delivered.channel
  const forwards = (channel: ChannelFacts) => channel.kind === 'smtp' && channel.forwardsTo === internal.id
  // Most portals have none: then there is no need to read the header.
  if (![...facts.channels.values()].some(forwards)) return null
  const visible = visibleRecipients(message)
  // What names the internal address itself came straight there, unless a forwarder says otherwise.
  const direct = visible.some(({address}) => lookUp(address, facts)?.id === internal.id)
  const named = addressesOf(message, (name) => FORWARDING_FIELDS.has(name))
  for (const {name, address} of direct ? named : [...named, ...visible]) {
    const channel = lookUp(address, facts)
    if (channel && forwards(channel)) return {channel, address, header: name, internal}
  }
  return null
}

/** The channel of an SMTP envelope, before the message itself was read. */
function matchEnvelope({recipients}: Envelope, facts: Pick<Facts, 'channels'>): RecipientResult {
  for (const address of recipients) {
    const channel = receives(address, facts)
    if (channel) return {match: {channel, address, header: 'envelope', internal: null}}
  }
  return {match: null, why: `the envelope names ${recipients.join(', ')}, which is no address of this portal`}
}

/** The channel that takes the mail of an address by itself: an SMTP address has no mailbox here. */
function receives(address: string, facts: Pick<Facts, 'channels'>): ChannelFacts | undefined {
  const channel = lookUp(address, facts)
  return channel?.kind === 'smtp' ? undefined : channel
}

function channelWithId(id: RowId, facts: Pick<Facts, 'channels'>): ChannelFacts | undefined {
  for (const channel of facts.channels.values()) if (channel.id === id) return channel
  return undefined
}

/** The address that is switched off, of the one that a mail is for and the internal one that it came in by; null for neither. */
export const switchedOff = ({channel, internal}: RecipientMatch): ChannelFacts | null =>
  [channel, internal].find((each) => each?.active === false) ?? null

/** True for an address that the portal itself has, with or without a `+detail`. */
export const isOwnAddress = (address: string, facts: Pick<Facts, 'channels'>): boolean =>
  lookUp(address, facts) !== undefined

/** The exact address, else the one without its `+detail` (RFC 5233). */
function lookUp(address: string, facts: Pick<Facts, 'channels'>): ChannelFacts | undefined {
  const key = address.toLowerCase()
  return facts.channels.get(key) ?? facts.channels.get(withoutDetail(key))
}

/** By hand: a pattern would look at each of a thousand `+` anew, and strangers write these addresses. */
function withoutDetail(address: string): string {
  const at = address.indexOf('@')
  const plus = address.indexOf('+')
  return plus === -1 || plus > at ? address : address.slice(0, plus) + address.slice(at)
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

/**
 * Where the field that an inbound names was written by the last server: above the first Received, or below it by one that
 * writes it there, and then on top of what others wrote. The sender may have written the same field into his mail.
 */
function lastWritten(message: Message, name: string): Pick<Message, 'fields'> {
  const trace = traceBlock(message)
  if (trace.fields.some((field) => field.name === name)) return trace
  return {fields: message.fields.filter((field) => field.name === name).slice(0, 1)}
}

function addressesOf(
  {fields}: Pick<Message, 'fields'>,
  wanted: (name: string) => boolean,
): {readonly name: string; readonly address: string}[] {
  return fields
    .filter(({name}) => wanted(name))
    .flatMap(({name, value}) => splitAddresses(value).map((part) => ({name, address: bareAddress(part)})))
    .filter(({address}) => address.includes('@'))
}

/** At commas; and at spaces where there are several bare addresses, as Gmail writes X-Forwarded-For. */
const splitAddresses = (value: string): string[] =>
  value.split(',').flatMap((part) => (/[<>"]/.test(part) ? [part] : part.trim().split(/\s+/)))

/** `Name <a@b>`, `<a@b>` and `a@b` alike: delivery fields are written in all three forms. */
export function bareAddress(text: string): string {
  const open = text.lastIndexOf('<')
  const close = text.indexOf('>', open)
  return (open !== -1 && close !== -1 ? text.slice(open + 1, close) : text).trim()
}
