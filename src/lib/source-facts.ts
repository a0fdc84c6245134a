/** What decisions and commits need to know of a source, read from its configuration. */
import type {SourceFacts} from './intake/facts.ts'
import type {InboundConfig} from './inbound.ts'
import type {PortalRow} from './store/portals.ts'
import type {Db} from './store/schema.ts'
import {findSource, findSourceByIdentity, pipeIdentity, replacedAt, type SourceRow} from './store/sources.ts'

/** A mail as it usually arrives: by the portal's inbound, whose settings say what is believed of a header; else by a pipe. */
export async function usualSource(db: Db, portal: PortalRow): Promise<SourceFacts> {
  const {id, inbound_source_id: inboundId} = portal
  const row =
    inboundId === null ? await findSourceByIdentity(db, pipeIdentity(id)) : await findSource(db, id, inboundId)
  return row ? factsOfSource(row, await replacedAt(db, row)) : UNUSED_PIPE
}

/** The pipe of an MTA that has handed in nothing yet. */
export const UNUSED_PIPE: SourceFacts = {
  id: 0,
  kind: 'pipe',
  catchAll: null,
  envelopeHeader: null,
  trustedAuthservId: null,
  replacedAt: null,
}

/** `replacedAt`: when it took the place of another source (`replacedAt` of store/sources.ts); null where it did not. */
export function factsOfSource(row: SourceRow, replacedAt: string | null): SourceFacts {
  if (row.kind === 'pipe')
    return {id: row.id, kind: 'pipe', catchAll: null, envelopeHeader: null, trustedAuthservId: null, replacedAt}
  const config = JSON.parse(row.config) as InboundConfig
  return {
    id: row.id,
    kind: config.kind,
    catchAll: config.kind === 'imap' && config.user.includes('@') ? config.user.toLowerCase() : null,
    envelopeHeader: config.envelopeHeader,
    trustedAuthservId: config.kind === 'imap' ? config.trustedAuthservId : null,
    replacedAt,
  }
}

/** True where the inbound asks for something on the server once a mail is in. */
export const hasEffects = (config: Partial<InboundConfig>): boolean =>
  config.markSeen === true || ('moveTo' in config && config.moveTo !== null && config.moveTo !== undefined)
