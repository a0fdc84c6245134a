import {readMessageIds} from '../message-id.ts'
import type {Report} from '../message.ts'
import {readFieldGroups} from './field-groups.ts'
import {readTypedAddress} from './report-address.ts'

/** What a receipt says, and the id of the mail that it is for. */
export interface Disposition extends Omit<Extract<Report, {kind: 'disposition'}>, 'original'> {
  /** Original-Message-ID without angle brackets (RFC 8098 3.2.5); null where it is missing. */
  readonly messageId: string | null
}

/** Reads a receipt (RFC 8098 3.1). Null where the part has no Disposition field. */
export function readDisposition(text: string): Disposition | null {
  const fields = readFieldGroups(text).flat()
  const value = (name: string) => fields.find((field) => field.name === name)?.value ?? null
  const disposition = value('disposition')
  if (disposition === null) return null
  const recipient = value('original-recipient') ?? value('final-recipient')
  return {
    kind: 'disposition',
    // RFC 8098 3.2.6: `manual-action/MDN-sent-manually; displayed/error`. The mode does not matter here.
    disposition: /(?:^|;)[ \t]*([A-Za-z-]{1,60})[ \t]*(?:\/[^;]*)?$/.exec(disposition)?.[1]?.toLowerCase() ?? 'unknown',
    recipient: recipient === null ? null : readTypedAddress(recipient),
    messageId: readMessageIds(value('original-message-id'))[0] ?? null,
  }
}
