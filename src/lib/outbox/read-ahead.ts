/** Reads what is to be sent a little ahead of the connections: one query for several small mails. */
import {messageOf, PostdeskError, rawDamaged} from '../errors.ts'
import {decompressChunkLater, type RawChunk} from '../message/raw-chunks.ts'
import {readRawMail} from '../raw-mail.ts'
import type {Store} from '../store/open.ts'
import {readSmallRaws, type DueMessage} from '../store/outgoing-steps.ts'

/** Mails read by one query. More of them save little: a query takes a tenth of the time in which a mail is sent. */
const MAILS_AHEAD = 16

/** Most bytes of them: what waits in memory. A larger mail is read alone, when its turn comes. */
const BYTES_AHEAD = 2_000_000

/** The bytes of a message, or why they are not to be had. */
type WholeMail = Uint8Array | PostdeskError

/** Hands out the bytes of messages. `following` are those that will be asked for next. */
export type ReadMail = (message: DueMessage, following: readonly DueMessage[]) => Promise<WholeMail>

export function createReadAhead(store: Store, portalId: number): ReadMail {
  /** What was read and not asked for yet. */
  const ahead = new Map<number, Promise<WholeMail>>()

  return async (message, following) => {
    if (message.size > BYTES_AHEAD) return readLarge(store, portalId, message)
    if (!ahead.has(message.id)) {
      const group = together(
        message,
        following.filter(({id}) => !ahead.has(id)),
      )
      const ids = group.map(({rawId}) => rawId)
      const reading = readSmallRaws(store.db, store.dialect, portalId, ids)
      for (const each of group) {
        const whole = reading.then((chunks) => decompress(each, chunks.get(each.rawId) ?? []))
        whole.catch(() => {}) // told to who asks for it
        ahead.set(each.id, whole)
      }
    }
    const whole = ahead.get(message.id)!
    ahead.delete(message.id)
    return whole
  }
}

/** A message and those behind it, as far as they are few and small. */
function together(message: DueMessage, following: readonly DueMessage[]): DueMessage[] {
  const group = [message]
  let bytes = message.size
  for (const next of following.slice(0, MAILS_AHEAD - 1)) {
    bytes += next.size
    if (bytes > BYTES_AHEAD) break
    group.push(next)
  }
  return group
}

async function decompress(message: DueMessage, chunks: readonly RawChunk[]): Promise<WholeMail> {
  try {
    const bytes = joined(await Promise.all(chunks.map(decompressChunkLater)))
    if (bytes.length === message.size) return bytes
    return rawDamaged(nameOf(message), `${bytes.length} of its ${message.size} bytes are in the store`)
  } catch (error) {
    return rawDamaged(nameOf(message), messageOf(error), error)
  }
}

async function readLarge({db}: Store, portalId: number, message: DueMessage): Promise<WholeMail> {
  const {rawId, size} = message
  const pieces: Uint8Array[] = []
  try {
    for await (const piece of readRawMail(db, {portalId, rawId, size, name: nameOf(message)})) pieces.push(piece)
  } catch (error) {
    if (error instanceof PostdeskError) return error
    throw error
  }
  return joined(pieces)
}

const nameOf = ({id}: DueMessage) => `Mail ${id}`

const joined = (pieces: readonly Uint8Array[]): Uint8Array => (pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces))
