/** A mail that is about to leave, complete: its bytes, what it will be recognised by, and what the store keeps of it. */
import {randomBytes} from 'node:crypto'
import {baseSubject} from './message/base-subject.ts'
import {compose, type Draft} from './message/compose.ts'
import {loopMark} from './message/loop-mark.ts'
import type {Address} from './message/message.ts'
import {parseMessage} from './message/parse.ts'
import {plainChunks} from './message/raw-chunks.ts'
import {hashToken, newToken, withToken} from './message/token.ts'
import {expiryOf} from './outbox/settle.ts'
import type {NewOutgoing} from './store/outgoing.ts'
import {storeId, type PortalRow} from './store/portals.ts'
import type {Db} from './store/schema.ts'

/** In whose name a mail is written, and what becomes of answers and bounces. */
export interface Letterhead {
  readonly channelId: number
  readonly senderId: number
  readonly from: Address
  /**
   * Where answers go, if not to From. `tagged`: whether mail to the address with a `+detail` (RFC 5233) is known to arrive; only
   * then a token is put into it.
   */
  readonly replyTo: {readonly address: Address; readonly tagged: boolean} | null
  /**
   * `author`: bounces go to From. `null`: to nobody (RFC 3834 3.3), or where a server does not take that, to `fallback`, with a token
   * in it where it is `tagged`.
   */
  readonly bounces: 'author' | {readonly fallback: string; readonly tagged: boolean}
}

/** What is written, without what every mail has. */
export type Words = Pick<
  Draft,
  'to' | 'cc' | 'subject' | 'text' | 'html' | 'inReplyTo' | 'references' | 'attachments' | 'autoSubmitted'
>

/** @throws RangeError where the sender is no address. */
export async function writeMail(
  db: Db,
  portal: PortalRow,
  letterhead: Letterhead,
  words: Words,
  about: Pick<NewOutgoing, 'kind' | 'author'> & {readonly now: string},
): Promise<NewOutgoing> {
  const tokens: NewOutgoing['tokens'][number][] = []
  const make = (kind: NewOutgoing['tokens'][number]['kind']): string => {
    const token = newToken(randomBytes)
    tokens.push({kind, hash: hashToken(token)})
    return token
  }
  const {from, replyTo, bounces} = letterhead
  const raw = await compose({
    ...words,
    // RFC 5322 3.6.4: the right part is a domain of ours, so that nobody else can make the same id.
    messageId: `pd.${make('message-id')}@${portal.domain}`,
    date: about.now,
    from,
    replyTo: replyTo && {
      name: replyTo.address.name,
      address: replyTo.tagged ? withToken(replyTo.address.address, 't', () => make('reply')) : replyTo.address.address,
    },
    loopMark: loopMark(await storeId(db), portal.id),
  })
  const {message} = parseMessage(raw)
  return {
    kind: about.kind,
    message,
    // It is read again at once, and sent several times faster for not being unpacked.
    chunks: plainChunks(raw),
    baseSubject: baseSubject(message.subject),
    channelId: letterhead.channelId,
    senderId: letterhead.senderId,
    ...(bounces === 'author'
      ? {returnPath: from.address, fallbackReturnPath: null}
      : {
          returnPath: '',
          fallbackReturnPath: bounces.tagged
            ? withToken(bounces.fallback, 'b', () => make('return-path'))
            : bounces.fallback,
        }),
    recipients: [...message.to, ...message.cc].map(({address}) => address),
    author: about.author,
    expiresAt: expiryOf(about.kind, about.now),
    tokens,
  }
}
