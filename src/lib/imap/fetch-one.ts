/**
 * Fetches one message that a source left on the server, such as one that was over its size limit.
 */
import type {Content, ItemKey} from '../channel/delivery.ts'
import type {ImapAccount, ImapConnectOptions} from './connect.ts'
import {imapContents} from './contents.ts'
import {fetchMetadata, metadataCount, searchUids} from './mailbox.ts'
import {identityOf, UNSTABLE, uidIn, uidValidityIn} from './place.ts'
import {imapSession, type Session} from './session.ts'

/**
 * The content of `item` whatever its size, always as a stream, which must be read to its end or closed with `return()`:
 * until then it holds a file. `gone` where it is not in the mailbox any more, or the mailbox is another one by now.
 */
export async function fetchOne(
  account: ImapAccount,
  item: ItemKey,
  signal: AbortSignal,
  options: ImapConnectOptions = {},
): Promise<Content> {
  const session = imapSession(account, options)
  try {
    return await session.during(signal, async () => {
      const mailbox = await session.open(false)
      if ((mailbox.uidValidity ?? UNSTABLE) !== uidValidityIn(item.epoch)) return {kind: 'gone'}
      const uid =
        item.epoch === UNSTABLE ? await findByIdentity(session, account, mailbox.exists, item.key) : uidIn(item.key)
      const metadata = uid === null ? undefined : (await fetchMetadata(session.opened(), [uid])).get(uid)
      if (uid === null || metadata === undefined) return {kind: 'gone'}
      const contents = imapContents(session, account, Infinity, signal)
      const {content, release} = await contents.large({uid, size: metadata.size})
      return content.kind === 'stream' ? {kind: 'stream', chunks: releasing(content.chunks, release)} : content
    })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    session.close()
  }
}

async function findByIdentity(
  session: Session,
  account: ImapAccount,
  exists: number,
  key: string,
): Promise<number | null> {
  const uids = await searchUids(session.opened(), account, 1, exists)
  for (let done = 0; done < uids.length;) {
    const chunk = uids.slice(done)
    const rows = await fetchMetadata(session.opened(), chunk, {identity: true})
    for (const [uid, metadata] of rows) if (identityOf(metadata) === key) return uid
    done += metadataCount(chunk)
  }
  return null
}

async function* releasing(chunks: AsyncIterable<Uint8Array>, release: () => Promise<void>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks
  } finally {
    await release()
  }
}
