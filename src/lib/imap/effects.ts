/**
 * What is done to a message on the server after it is committed. Each is harmless when done twice: a flag that is set
 * is set, and a UID that was moved away is not there to be moved (RFC 6851 3.3, RFC 9051 6.4.9).
 */
import {type ImapAccount, mailboxNames} from './connect.ts'
import {cannotMove, imapNoMailbox, imapRefused} from './errors.ts'
import type {Session} from './session.ts'
import {packUids} from './uid-set.ts'

export interface Effects {
  readonly markSeen: boolean
  /** The mailbox to move to, as people write it. */
  readonly moveTo: string | null
}

/** Throws before anything is fetched where the server cannot do what is asked. */
export function checkEffects(session: Session, account: ImapAccount, {moveTo}: Effects): void {
  const {capabilities} = session.opened().client
  // Without UIDPLUS a move ends in EXPUNGE, which removes what others have marked as deleted too (RFC 4315 2.1).
  if (moveTo !== null && !capabilities.has('MOVE') && !capabilities.has('UIDPLUS')) throw cannotMove(account)
}

/** Marks and moves these messages of the open mailbox. */
export async function applyEffects(
  session: Session,
  account: ImapAccount,
  {markSeen, moveTo}: Effects,
  uids: readonly number[],
): Promise<void> {
  const ascending = [...uids].sort((a, b) => a - b)
  for (let done = 0; done < ascending.length;) {
    const {set, count} = packUids(ascending.slice(done), ascending.length)
    const connection = session.opened()
    if (markSeen) {
      const marked = await connection.command('marking messages as seen', (client) =>
        client.messageFlagsAdd(set, ['\\Seen'], {uid: true, silent: true}),
      )
      if (!marked) throw imapRefused(account, 'marking messages as seen', connection.lastRefusal())
    }
    if (moveTo !== null) {
      const moved: unknown = await connection.command('moving messages', (client) =>
        client.messageMove(set, moveTo, {uid: true}),
      )
      if (moved === false || moved === undefined) {
        const reply = connection.lastRefusal()
        // RFC 9051 7.1: the destination does not exist and could be made; some servers only say it in words.
        const names = await connection.command('listing mailboxes', mailboxNames)
        throw names.includes(moveTo)
          ? imapRefused(account, 'moving messages', reply)
          : imapNoMailbox(account, moveTo, names, reply)
      }
    }
    done += count
  }
}
