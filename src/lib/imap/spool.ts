/**
 * A nameless file that holds one large message between the server and the reception. The reception must be able to
 * rely on its stream: what the network does wrong is dealt with before anyone begins to write the message down.
 */
import {type FileHandle, mkdtemp, open, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {cannotWrite} from '../errors.ts'

export interface Spool {
  /** Bytes written so far. */
  size(): number
  append(bytes: Uint8Array): Promise<void>
  /** Everything from the beginning, in pieces of at most `PIECE_BYTES`. */
  read(): AsyncIterable<Uint8Array>
  /** Gives the room back. Harmless when called twice. */
  readonly release: () => Promise<void>
}

const PIECE_BYTES = 2 ** 20

/** An empty spool. Its file has no name any more, so that it is gone however the process ends. */
export async function createSpool(): Promise<Spool> {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-')).catch((error: unknown) => {
    throw cannotWrite(tmpdir(), error)
  })
  let file: FileHandle
  try {
    file = await open(join(directory, 'message'), 'wx+', 0o600)
  } finally {
    await rm(directory, {recursive: true, force: true})
  }
  let size = 0
  let released = false
  return {
    size: () => size,
    async append(bytes) {
      for (let done = 0; done < bytes.length;) {
        const {bytesWritten} = await file.write(bytes, done, bytes.length - done, size).catch((error: unknown) => {
          throw cannotWrite(tmpdir(), error)
        })
        done += bytesWritten
        size += bytesWritten
      }
    },
    async *read() {
      for (let offset = 0; offset < size;) {
        const {bytesRead, buffer} = await file.read({
          buffer: Buffer.alloc(Math.min(PIECE_BYTES, size - offset)),
          position: offset,
        })
        if (bytesRead === 0) throw new Error('the spool ended early')
        offset += bytesRead
        yield buffer.subarray(0, bytesRead)
      }
    },
    async release() {
      if (released) return
      released = true
      await file.close()
    },
  }
}
