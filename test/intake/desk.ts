/** Facts by hand, for decisions that need no store: a portal with a queue, two agents, and what a test adds. */
import {decide, learn} from '../../src/lib/intake/decide.ts'
import type {
  Arrival,
  ChannelFacts,
  Decision,
  Facts,
  KnownMessage,
  SourceFacts,
  TicketFacts,
} from '../../src/lib/intake/facts.ts'
import type {Authentication} from '../../src/lib/channel/authentication.ts'
import type {Envelope} from '../../src/lib/channel/delivery.ts'
import {parseFacts} from '../../src/lib/message/parse.ts'
import {hashToken} from '../../src/lib/message/token.ts'
import {mail} from '../support/portal.ts'

export const NOW = '2026-03-01T09:00:00.000Z'
export const LOOP_MARK = '0123456789abcdef'

/** A token as `tokenFrom` writes them. */
export const TOKEN = 'abcdefghijklmnopqrstuvwxy2'
export const OTHER_TOKEN = 'zzzzzzzzzzzzzzzzzzzzzzzzz2'

const SOURCE: SourceFacts = {
  id: 1,
  kind: 'imap',
  catchAll: null,
  envelopeHeader: null,
  trustedAuthservId: null,
  replacedAt: null,
}

export const channel = (fields: Partial<ChannelFacts> & Pick<ChannelFacts, 'id' | 'address'>): ChannelFacts => ({
  kind: 'internal',
  queueId: 10,
  assignOnline: false,
  autoReply: false,
  active: true,
  forwardsTo: null,
  ...fields,
})

export const SUPPORT = channel({id: 20, address: 'support@acme.example'})

export interface DeskFacts {
  readonly channels?: readonly ChannelFacts[]
  readonly tickets?: readonly (Partial<TicketFacts> & {
    readonly id: number
    /** In lower case. */
    readonly participants?: readonly string[]
  })[]
  /** Messages of those tickets that came in. */
  readonly incoming?: readonly (Partial<KnownMessage> & Pick<KnownMessage, 'ticketId' | 'headerId'>)[]
  /** Messages of those tickets that were sent, by token of their Message-ID or reply address. */
  readonly tokens?: Readonly<
    Record<
      string,
      {ticketId: number; messageId: number; kind?: 'reply' | 'return-path' | 'message-id'; expiresAt?: string}
    >
  >
  readonly closed?: Facts['queues'] extends ReadonlyMap<number, infer Q>
    ? Q extends {closedPolicy: infer P}
      ? P
      : never
    : never
  readonly agents?: readonly string[]
  /** When each probe of `sales@shop.example` ends, by its nonce. */
  readonly probes?: Readonly<Record<string, string>>
}

export function deskFacts(desk: DeskFacts = {}): Facts {
  const {channels = [SUPPORT], tickets = [], incoming = [], tokens = {}, agents = ['ann@acme.example']} = desk
  const known = incoming.map((message, index): KnownMessage => ({
    id: 500 + index,
    direction: 'in',
    fingerprint: `known-${index}`,
    sourceId: 1,
    sourceEpoch: '1',
    envelope: null,
    forged: false,
    fromAddress: 'jane@example.com',
    baseSubject: 'Printer',
    date: null,
    receivedAt: '2026-02-20T09:00:00.000Z',
    ...message,
  }))
  return {
    portal: {id: 1, key: 'acme', domain: 'acme.example', loopMark: LOOP_MARK, relay: null},
    now: NOW,
    channels: new Map(channels.map((entry) => [entry.address.toLowerCase(), entry])),
    queues: new Map([
      [
        10,
        {id: 10, key: 'support', closedPolicy: desk.closed ?? {kind: 'reopen'}, members: agents.map((_, i) => 30 + i)},
      ],
    ]),
    agents: new Map(
      agents.map((email, i) => [30 + i, {id: 30 + i, email, online: false, openTickets: 0, lastAssignedAt: null}]),
    ),
    tickets: new Map(
      tickets.map(
        ({id, number = id, status = 'open', closedAt = null, queueId = 10, channelId = 20, ownerId = null}) => [
          id,
          {id, number, status, closedAt, queueId, channelId, ownerId},
        ],
      ),
    ),
    byFingerprint: new Map(known.map((message) => [message.fingerprint!, message])),
    byHeaderId: Map.groupBy(known, ({headerId}) => headerId!),
    referringTo: new Map(),
    tokens: new Map(
      Object.entries(tokens).map(([token, {ticketId, messageId, kind = 'message-id', expiresAt = null}]) => [
        hashToken(token),
        {kind, ticketId, messageId, expiresAt},
      ]),
    ),
    probes: new Map(
      Object.entries(desk.probes ?? {}).map(([nonce, expiresAt], index) => [
        hashToken(nonce),
        {id: 700 + index, address: 'sales@shop.example', expiresAt},
      ]),
    ),
    ticketsByNumber: new Map(tickets.map(({id, number}) => [number ?? id, id])),
    participants: new Map(tickets.map(({id, participants = []}) => [id, new Set(participants)])),
    autoReplies: {bySender: new Map(), byDomain: new Map(), portalLastHour: 0},
  }
}

/** What is known of a sender, in short. */
export const senderIs = (dmarc: Authentication['dmarc']): Authentication => ({
  dmarc,
  by: 'authentication-results',
  dkim: [],
  spf: null,
  why: `mx.acme.example says that DMARC is ${dmarc}`,
})

export interface MailOptions {
  readonly body?: string
  readonly envelope?: Envelope
  readonly authentication?: Authentication
  readonly receivedAt?: string
  readonly source?: Partial<SourceFacts>
}

let mails = 0

/** A mail of Jane to support, with these fields instead of or beside hers; an empty value leaves a field out. */
export function arrival(headers: Readonly<Record<string, string>> = {}, options: MailOptions = {}): Arrival {
  mails++
  const fields = {
    From: 'Jane Doe <jane@example.com>',
    To: 'support@acme.example',
    Subject: 'Printer',
    Date: 'Sun, 01 Mar 2026 08:59:00 +0000',
    'Message-ID': `<mail-${mails}@example.com>`,
    ...headers,
  }
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
  return {
    item: {epoch: '1', key: String(mails).padStart(10, '0')},
    source: {...SOURCE, ...options.source},
    envelope: options.envelope ?? null,
    receivedAt: options.receivedAt ?? NOW,
    message: parseFacts(mail(given, options.body)),
    authentication: options.authentication ?? null,
  }
}

export type Accepted = Extract<Decision, {kind: 'accept'}>

/** What becomes of a mail that is to become part of a ticket. */
export function accepted(mail: Arrival, facts: Facts): Accepted {
  const decision = decide(mail, facts)
  if (decision.kind !== 'accept') throw new Error(`${decision.kind}: ${decision.why}`)
  return decision
}

let planned = 0

/** Decides, and lets the facts learn it. */
export function take(mail: Arrival, facts: Facts): Decision {
  const decision = decide(mail, facts)
  planned++
  learn(facts, mail, decision, {messageId: -2 * planned - 1, ticketId: -2 * planned - 2})
  return decision
}
