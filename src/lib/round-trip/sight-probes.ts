/** Reads what a look into the inbound has found: whose probe it is, and what the reception would take it for. */
import type {SightedMail, SoughtMail} from '../channel/inbound-look.ts'
import type {Clock} from '../clock.ts'
import type {InboundConfig} from '../inbound.ts'
import type {SourceFacts} from '../intake/facts.ts'
import {matchRecipient, type RecipientResult} from '../intake/match-recipient.ts'
import type {Message} from '../message/message.ts'
import {parseFacts} from '../message/parse.ts'
import {factsOfSource} from '../source-facts.ts'
import {gatherFacts} from '../store/gather-facts.ts'
import type {Store} from '../store/open.ts'
import type {PortalRow} from '../store/portals.ts'
import {findSource, replacedAt} from '../store/sources.ts'
import type {ReadSighting} from './lookout.ts'

/** What is looked for, and its row in the store. */
export type SoughtProbe = SoughtMail & {readonly id: number}

export interface SightContext {
  readonly store: Store
  readonly portal: PortalRow
  readonly clock: Clock
}

/** The inbound of a portal, where it can be looked into; null where an MTA hands mail in, or nothing is set. */
export async function inboundOf({
  store: {db},
  portal,
}: SightContext): Promise<{readonly config: InboundConfig; readonly facts: SourceFacts} | null> {
  const row = portal.inbound_source_id === null ? undefined : await findSource(db, portal.id, portal.inbound_source_id)
  if (row === undefined) return null
  return {config: JSON.parse(row.config) as InboundConfig, facts: factsOfSource(row, await replacedAt(db, row))}
}

/** Which of the probes a mail is, or reports on; null for a mail that is none, whatever it claims. */
export async function readSighting(
  mail: SightedMail,
  sought: readonly SoughtProbe[],
  source: SourceFacts,
  context: SightContext,
): Promise<ReadSighting | null> {
  const message = parseFacts(mail.raw)
  const at = mail.receivedAt ?? context.clock.now()
  if (message.report?.kind === 'bounce') {
    const {original, recipients} = message.report
    const about = sought.find(({messageId}) => original.messageId === messageId)
    // RFC 3464 2.3.3: one that is only delayed is still on its way.
    if (about === undefined || recipients.every(({action}) => action !== 'failed')) return null
    return {id: about.id, seen: {bounced: {at, recipients}}}
  }
  const probe = sought.find((each) => isProbe(each, message))
  if (probe === undefined) return null
  const match = await matchAsReceived(message, source, at, context)
  const seen = {by: 'look', place: mail.place, role: mail.role} as const
  return {
    id: probe.id,
    seen: {arrived: {seen, at, message, match, authentication: null, raw: mail.isWhole ? mail.raw : null}},
  }
}

const isProbe = ({field, word, messageId}: SoughtMail, {fields, messageId: id}: Message): boolean =>
  id === messageId || fields.some(({name, value}) => name === field.toLowerCase() && value.includes(word))

/** For which address the reception would take it, if it were taken in now. */
async function matchAsReceived(
  message: Message,
  source: SourceFacts,
  receivedAt: string,
  {store, portal, clock}: SightContext,
): Promise<RecipientResult> {
  const arrival = {item: {epoch: '0', key: '0'}, source, envelope: null, receivedAt, message, authentication: null}
  return matchRecipient(arrival, await gatherFacts(store.db, store.dialect, portal, [arrival], clock.now()))
}
