/** What decisions and commits need to know of a source, read from its configuration. */
import type {SourceFacts} from './intake/facts.ts'
import type {InboundConfig} from './inbound.ts'
import type {SourceRow} from './store/sources.ts'

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
