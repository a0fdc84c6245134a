/** By which a mail program puts an answer below what it answers (RFC 5322 3.6.4). */
import type {Draft} from './compose.ts'
import type {Message} from './message.ts'

/** Of a longer chain the ids that are kept, as RT does: the oldest name the conversation, the newest the place in it. */
const OLDEST = 4
const NEWEST = 6

/** Characters of an id that can be written: with the brackets and the name of its field it fits a line (RFC 5322 2.1.1). */
const MAX_ID_CHARS = 980

/** Programs have made ids of all that is visible; what is not, and what ends an id, would make another of it. */
const WRITABLE = /^[\x21-\x3b\x3d\x3f-\x7e]+$/

/** True for an id (without angle brackets) that can stand in a field. */
export const isWritableId = (id: string): boolean => id.length <= MAX_ID_CHARS && WRITABLE.test(id)

/** The fields of an answer. At most ten ids, so that they never get longer than a header may be. */
export function threadFields(
  answered: Pick<Message, 'messageId' | 'references' | 'inReplyTo'>,
): Pick<Draft, 'inReplyTo' | 'references'> {
  const id = answered.messageId !== null && isWritableId(answered.messageId) ? answered.messageId : null
  // In-Reply-To stands in for References, where it names one mail alone.
  const before =
    answered.references.length > 0 ? answered.references : answered.inReplyTo.length === 1 ? answered.inReplyTo : []
  const ancestors = [...new Set(before)].filter((each) => each !== id && isWritableId(each))
  const chain = id === null ? ancestors : [...ancestors, id]
  const references = chain.length <= OLDEST + NEWEST ? chain : [...chain.slice(0, OLDEST), ...chain.slice(-NEWEST)]
  return {inReplyTo: id, references}
}
