/** A reception that keeps everything in memory, with the ledger that a store would keep: for the tests of sources. */
import {createHash} from 'node:crypto'
import type {Cursor, Delivery, Ledger, Outcome, OutcomeKind, Receive} from '../../src/lib/channel/delivery.ts'

export interface Received {
  readonly delivery: Delivery
  /** The bytes of a raw or streamed message, or the header of an oversized one; empty for the rest. */
  readonly bytes: Buffer
}

export interface MemoryReception {
  readonly ledger: Ledger
  readonly receive: Receive
  /** Every committed delivery, in order. */
  readonly received: Received[]
  /** The sizes of the batches that were received. */
  readonly batches: number[]
  /** The cursor that the last commit held. */
  cursor(): Cursor | null
  /** Keys of committed deliveries in the order of their commit. */
  keys(): string[]
  subjects(): string[]
  /** The kinds of content by key. */
  kinds(): Record<string, string>
  readonly finished: Set<string>
  /** Keys that the ledger calls due. */
  readonly due: Set<string>
}

export interface MemoryReceptionOptions {
  /** Keep no bytes: for measurements. */
  readonly discard?: boolean
  readonly outcome?: (delivery: Delivery) => OutcomeKind
  /** Runs before a commit; what it throws is what receive rejects with, and nothing is committed. */
  readonly before?: (deliveries: readonly Delivery[], batch: number) => Promise<void> | void
}

/** A reception and a ledger over one set of items, as the store's transaction ties them together. */
export function memoryReception(options: MemoryReceptionOptions = {}): MemoryReception {
  const received: Received[] = []
  const batches: number[] = []
  const items = new Map<string, {readonly delivery: Delivery; readonly effectDue: boolean}>()
  const finished = new Set<string>()
  const due = new Set<string>()
  let cursor: Cursor | null = null
  let turn = Promise.resolve()
  let started = 0
  const id = (epoch: string, key: string) => `${epoch}/${key}`

  const commit = async (deliveries: readonly Delivery[], batch: number): Promise<Outcome[]> => {
    await options.before?.(deliveries, batch)
    const read: Received[] = []
    for (const delivery of deliveries) read.push({delivery, bytes: await bytesOf(delivery, options.discard === true)})
    batches.push(deliveries.length)
    return read.map(({delivery, bytes}) => {
      const {content, item} = delivery
      const whole = content.kind === 'raw' || content.kind === 'stream'
      const kind = options.outcome?.(delivery) ?? (whole ? 'created' : 'skipped')
      if (options.discard !== true) received.push({delivery, bytes})
      items.set(id(item.epoch, item.key), {delivery, effectDue: whole && kind !== 'skipped'})
      due.delete(item.key)
      cursor = delivery.cursor
      return {item, kind, ticket: null, address: null, reason: 'test', bytes: bytes.length}
    })
  }

  const epochItems = (epoch: string) => [...items.values()].filter(({delivery}) => delivery.item.epoch === epoch)
  return {
    received,
    batches,
    finished,
    due,
    cursor: () => cursor,
    keys: () => received.map(({delivery}) => delivery.item.key),
    subjects: () => received.map(({bytes}) => /^Subject: (.*?)\r?$/m.exec(bytes.toString('latin1'))?.[1] ?? ''),
    kinds: () => Object.fromEntries(received.map(({delivery}) => [delivery.item.key, delivery.content.kind])),
    // One after the other, as transactions of one writer are.
    receive(deliveries) {
      const batch = started++
      const mine = turn.then(() => commit(deliveries, batch))
      turn = mine.then(
        () => {},
        () => {},
      )
      return mine
    },
    ledger: {
      async settled(epoch, from, among) {
        const keys = epochItems(epoch).map(({delivery}) => delivery.item.key)
        return new Set(keys.filter((key) => key >= from && (among === undefined || among.includes(key))))
      },
      async due(epoch) {
        const keys = epochItems(epoch).map(({delivery}) => delivery.item.key)
        return keys.filter((key) => due.has(key))
      },
      async unfinished(epoch) {
        return epochItems(epoch)
          .filter(({delivery, effectDue}) => effectDue && !finished.has(id(epoch, delivery.item.key)))
          .map(({delivery}) => delivery.item.key)
      },
      async finished(epoch, keys) {
        for (const key of keys) finished.add(id(epoch, key))
      },
    },
  }
}

async function bytesOf({content}: Delivery, discard: boolean): Promise<Buffer> {
  switch (content.kind) {
    case 'raw':
      return discard ? Buffer.alloc(0) : Buffer.from(content.bytes)
    case 'oversized':
      return Buffer.from(content.header)
    case 'stream': {
      const pieces: Uint8Array[] = []
      for await (const piece of content.chunks) if (!discard) pieces.push(piece)
      return Buffer.concat(pieces)
    }
    case 'gone':
    case 'poison':
    case 'deferred':
      return Buffer.alloc(0)
  }
}

/** SHA-256 in hex, to compare messages too large to show. */
export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
