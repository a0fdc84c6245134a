/**
 * Fetches the contents of messages from a server that may be wrong about everything: rows that never come, sizes that
 * lie, connections that die on one message. What one message does to the connection costs the others nothing.
 */
import type {Content} from '../channel/delivery.ts'
import {EXIT, PostdeskError} from '../errors.ts'
import type {ImapAccount} from './connect.ts'
import {imapRefusesAll} from './errors.ts'
import {fetchPiece, fetchSet, isPresent, PIECE_BYTES} from './mailbox.ts'
import type {Session} from './session.ts'
import {createSpool, type Spool} from './spool.ts'

/** How one message is to be fetched. */
export interface Wanted {
  readonly uid: number
  /** As the server claims; 0 where it does not. */
  readonly size: number
  /** It was refused before and is asked for again: another refusal says nothing about the server. */
  readonly again?: boolean
}

/** A message that turned out too large to be held: it is to be fetched with `large`. */
export const LARGE = Symbol('large')

export interface Contents {
  /** Small messages by one command. Where the server is gone for good, those from that message on are not in `found`. */
  small(
    wanted: readonly Wanted[],
  ): Promise<{readonly found: Map<number, Content | typeof LARGE>; readonly fault: unknown}>
  /** Only the header. */
  oversized(wanted: Wanted): Promise<Content>
  /** A message too large to hold, by way of the disk. `release` gives its room back, once it is read or given up. */
  large(wanted: Wanted): Promise<{readonly content: Content; readonly release: () => Promise<void>}>
}

/** The header of an oversized message: larger ones than this are cut, and nobody sends them in earnest. */
const HEADER_BYTES = 256 * 2 ** 10
/** Connections lost in a row without a message in between, before the server and not a message is blamed. */
const FAULTS_IN_A_ROW = 2
/** Messages refused in a row on a connection that stands, before the server and not the messages are blamed. */
const REFUSED_IN_A_ROW = 3

/** Faults that one message can cause: a refusal of it, nonsense in its place, the end of the connection. */
const BY_A_MESSAGE = new Set([
  'IMAP_REFUSED',
  'IMAP_UNAVAILABLE',
  'IMAP_PROTOCOL',
  'IMAP_CONNECTION_LOST',
  'IMAP_STALLED',
])

/** A NO or BAD, as opposed to nonsense or the end of the connection. */
export const isRefusal = (fault: unknown): fault is PostdeskError =>
  fault instanceof PostdeskError && (fault.code === 'IMAP_REFUSED' || fault.code === 'IMAP_UNAVAILABLE')

/**
 * Fetches from the mailbox that is open in `session`. `sizeLimit`: bytes above which only the header is wanted.
 * `settled`: messages that came in earlier runs, to compare a refused one with.
 */
export function imapContents(
  session: Session,
  account: ImapAccount,
  sizeLimit: number,
  signal: AbortSignal,
  settled: readonly number[] = [],
): Contents {
  let faults = 0
  /** The last message that came: asked for again, it tells a message that is refused from a server that refuses all. */
  let sample: number | null = null
  /** Messages refused since one came. */
  const refused = new Set<number>()

  /** Makes the connection usable after `fault`; rejects with it where that is no use. */
  const recover = async (fault: unknown): Promise<string> => {
    if (signal.aborted || !(fault instanceof PostdeskError) || !BY_A_MESSAGE.has(fault.code)) throw fault
    const stillOpen = session.current() !== null && fault.code !== 'IMAP_PROTOCOL'
    if (!stillOpen) {
      if (++faults > FAULTS_IN_A_ROW) throw fault
      await session.renew()
    }
    return fault.serverReply ?? fault.why
  }
  const fine = <T>(uid: number, result: T): T => {
    faults = 0
    sample = uid
    refused.clear()
    return result
  }
  /** Why there is no content: it is gone, or the server keeps it to itself. */
  const absent = async (uid: number, why: string): Promise<Content> =>
    (await isPresent(session.opened(), account, uid)) ? {kind: 'poison', why} : {kind: 'gone'}

  /**
   * What a fault makes of a message. It is poison only where others come: a server that refuses all ends the run, so
   * that all are asked for again by the next. `others`: messages to compare with while none has come.
   */
  const blamed = async ({uid, again}: Wanted, fault: unknown, others: readonly number[] = []): Promise<Content> => {
    const known = await absent(uid, await recover(fault))
    if (known.kind === 'gone' || again === true || !isRefusal(fault)) return known
    refused.add(uid)
    const candidates = [...settled, ...others.filter((other) => other !== uid)]
    const compared = sample === null ? candidates.slice(1 - REFUSED_IN_A_ROW) : [sample]
    let sampleRefused = false
    for (const other of compared) {
      try {
        // Nothing where it was moved away or removed since: that tells nothing.
        if ((await fetchPiece(session.opened(), other, 0, SAMPLE_BYTES)) !== null) return fine(other, known)
      } catch (error) {
        if (!isRefusal(error)) throw error
        sampleRefused ||= other === sample
        refused.add(other)
      }
    }
    // RFC 5530 3: UNAVAILABLE, INUSE, SERVERBUG and LIMIT say that it passes.
    if (fault.exitCode === EXIT.tryAgain || sampleRefused || refused.size >= REFUSED_IN_A_ROW)
      throw imapRefusesAll(account, fault)
    return known
  }

  const whole = (bytes: Buffer): Content =>
    bytes.length > sizeLimit ? {kind: 'oversized', header: headerOf(bytes), size: bytes.length} : {kind: 'raw', bytes}

  /** One message alone, after it was missing from a set. */
  const alone = async (wanted: Wanted, others: readonly number[]): Promise<Content | typeof LARGE> => {
    const {uid, size} = wanted
    try {
      const piece = await fetchPiece(session.opened(), uid, 0)
      if (piece === null) return await absent(uid, NO_ROW)
      if (piece.bytes.length === 0 && size > 0) return await absent(uid, NO_BYTES)
      if (!piece.whole && piece.bytes.length >= PIECE_BYTES) return LARGE
      return fine(uid, whole(piece.bytes))
    } catch (fault) {
      return blamed(wanted, fault, others)
    }
  }

  return {
    async small(wanted) {
      const found = new Map<number, Content | typeof LARGE>()
      const rows = new Map<number, Buffer>()
      const uids = wanted.map(({uid}) => uid)
      const others = wanted.filter(({again}) => again !== true).map(({uid}) => uid)
      let fault: unknown
      try {
        try {
          await fetchSet(session.opened(), uids, rows)
        } catch (thrown) {
          await recover(thrown)
        }
        for (const uid of rows.keys()) fine(uid, rows)
      } catch (thrown) {
        fault = thrown
      }
      for (const message of wanted) {
        const bytes = rows.get(message.uid)
        if (bytes) {
          found.set(message.uid, whole(bytes))
          continue
        }
        if (fault !== undefined) break
        try {
          found.set(message.uid, await alone(message, others))
        } catch (thrown) {
          fault = thrown
          break
        }
      }
      return {found, fault}
    },

    async oversized(wanted) {
      const {uid, size} = wanted
      const fetchHeader = async () => fetchPiece(session.opened(), uid, 0, HEADER_BYTES)
      try {
        const piece = (await fetchHeader()) ?? (await fetchHeader())
        if (piece === null) return await absent(uid, NO_ROW)
        return fine(uid, {kind: 'oversized', header: headerOf(piece.bytes), size})
      } catch (fault) {
        return blamed(wanted, fault)
      }
    },

    async large(wanted) {
      const {uid, size} = wanted
      const spool = await createSpool()
      const instead = async (content: Content) => {
        await spool.release()
        return {content, release: async () => {}}
      }
      try {
        for (let fruitless = 0; ;) {
          const before = spool.size()
          let known: Content
          try {
            const end = await download(uid, size, spool)
            if (end === 'complete') return {content: {kind: 'stream', chunks: spool.read()}, release: spool.release}
            if (end === 'over the limit') return await instead(await this.oversized({...wanted, size: spool.size()}))
            known = await absent(uid, end)
          } catch (fault) {
            known = await blamed(wanted, fault)
          }
          // What came is kept, and the rest is asked for; a message of which nothing comes is asked for twice.
          fruitless = spool.size() > before ? 0 : fruitless + 1
          if (known.kind === 'gone' || fruitless === 2) return await instead(known)
        }
      } catch (error) {
        await spool.release()
        throw error
      }
    },
  }

  /** Appends to the spool what it lacks of a message. Gives how that ended. */
  async function download(
    uid: number,
    size: number,
    spool: Spool,
  ): Promise<'complete' | 'over the limit' | typeof NO_ROW | typeof NO_BYTES> {
    for (;;) {
      const offset = spool.size()
      const piece = await fetchPiece(session.opened(), uid, offset)
      if (piece === null) return NO_ROW
      if (piece.bytes.length === 0 && offset < size / 2) return NO_BYTES
      const rest = piece.whole ? piece.bytes.subarray(offset) : piece.bytes
      await spool.append(rest)
      if (rest.length > 0) fine(uid, rest)
      if (spool.size() > sizeLimit) return 'over the limit'
      // A short piece ends the message, unless the server claims more: then it caps pieces, or lies about the size.
      if (piece.whole || rest.length === 0 || (rest.length < PIECE_BYTES && spool.size() >= size)) return 'complete'
    }
  }
}

/** As much of a message as tells that it comes. */
const SAMPLE_BYTES = 1

const NO_ROW = 'the server announces the message, but gives no answer that can be read when it is fetched'
const NO_BYTES = 'the server announces the message, but gives nothing of it'

/** The header of a message: up to and with the empty line (RFC 5322 2.1), at most `HEADER_BYTES`. */
function headerOf(bytes: Buffer): Buffer {
  const crlf = bytes.indexOf('\r\n\r\n')
  const lf = bytes.indexOf('\n\n')
  const ends = [crlf === -1 ? -1 : crlf + 4, lf === -1 ? -1 : lf + 2].filter((end) => end !== -1)
  // A copy, so that a message of many megabytes is not held for its header.
  return Buffer.from(bytes.subarray(0, Math.min(HEADER_BYTES, ...ends)))
}
