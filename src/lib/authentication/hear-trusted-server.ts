import type {Authentication} from '../channel/authentication.ts'
import type {Message} from '../message/message.ts'
import {authorOf} from './author.ts'
import {readTrustedWord} from './trusted-word.ts'

/**
 * What the trusted server says of a mail, with no question to the DNS: signatures are not looked at. Null where it says
 * nothing that decides.
 */
export function hearTrustedServer(
  message: Pick<Message, 'fields' | 'from'>,
  trustedAuthservId: string | null,
): Authentication | null {
  const author = authorOf(message)
  if (trustedAuthservId === null || author.kind !== 'domain') return null
  const {dmarc, dkim, spf} = readTrustedWord(message.fields, trustedAuthservId, author.domain)
  if (dmarc === null) return null
  return {
    dmarc,
    by: 'authentication-results',
    dkim,
    spf,
    why: `${trustedAuthservId} says that DMARC ${dmarc === 'pass' ? 'passed' : 'failed'}`,
  }
}
