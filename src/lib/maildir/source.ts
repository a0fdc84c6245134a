/**
 * Takes new mail from a Maildir: each message once, whatever mail programs rename in it meanwhile. A message is its
 * base name, what stands before the colon: the rest are flags, which change (https://cr.yp.to/proto/maildir.html).
 */
import {isUtf8} from 'node:buffer'
import {watch} from 'node:fs'
import {constants, type FileHandle, open, readdir, rename, stat} from 'node:fs/promises'
import {hostname} from 'node:os'
import {join} from 'node:path'
import type {Content, Cursor, Delivery, Receive, Source, SourceRun} from '../channel/delivery.ts'
import {type Clock, systemClock} from '../clock.ts'
import {codeOf, connectionFailed, EXIT, messageOf, type PostdeskError} from '../errors.ts'
import {type Log, silent} from '../log.ts'

export interface MaildirSourceOptions {
  /** The directory that holds `cur`, `new` and `tmp`. */
  readonly path: string
  /** Bytes above which only the header of a message is taken. */
  readonly sizeLimit: number
  /** After its commit a message goes from `new` to `cur` with the flag S. */
  readonly markSeen?: boolean
  /** After its commit a message goes into the `cur` of this other Maildir, on the same file system. */
  readonly moveTo?: string
  readonly clock?: Clock
  readonly log?: Log
}

/** A Maildir has no UIDVALIDITY: base names are unique for ever. */
const EPOCH = '0'
/** What has come is decided by the ledger alone. */
const CURSOR: Cursor = {}
/** A batch is one transaction of the reception; a whole one is read again after a crash. */
const BATCH_MESSAGES = 200
const BATCH_BYTES = 16 * 2 ** 20
/** Larger messages are streamed, so that a batch holds at least four. */
const BIG_BYTES = 4 * 2 ** 20
/** A piece of a streamed message: what the store keeps as one chunk. */
const PIECE_BYTES = 2 ** 20
/** The header of an oversized message: larger ones than this are cut, and nobody sends them in earnest. */
const HEADER_BYTES = 256 * 2 ** 10
/** `stat` calls at once: enough to keep a disk busy, far below any limit on open files. */
const STATS_AT_ONCE = 32
/** NONBLOCK: a FIFO in the place of a message must not hold us up. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK
/** From so many files on that may not be read, if they are the most of what is new, the rights are set wrongly. */
const FORBIDDEN_FILES = 3
/** Faults of this process or its machine (errno(3)): the next file would meet the same. */
const FAULTS_OF_MACHINE = new Set(['EMFILE', 'ENFILE', 'EIO', 'ENOMEM'])

/** A message as it was found. Its file may be elsewhere by now, under the same base name. */
interface Entry {
  readonly base: string
  readonly directory: 'new' | 'cur'
  /** The name's bytes as latin1: names need not be UTF-8. */
  readonly file: string
}

interface Waiting extends Entry {
  readonly size: number
  readonly arrived: Date
}

/** The Maildir at `path` as a source. It alters nothing unless told to. */
export function maildirSource(options: MaildirSourceOptions): Source {
  const newMail = join(options.path, 'new')
  let changedAt: number | null = null
  const lastChange = async () => (await stat(newMail).catch(() => null))?.mtimeMs ?? null
  return {
    async run(receive, run) {
      changedAt = await lastChange()
      return take(options, receive, run)
    },
    wait: (timeoutMs, signal) =>
      waitForNews(newMail, timeoutMs, signal, async () => (await lastChange()) !== changedAt),
    close: async () => {},
  }
}

async function take(options: MaildirSourceOptions, receive: Receive, run: SourceRun): Promise<Cursor | null> {
  const {path, sizeLimit, clock = systemClock} = options
  const {ledger, signal, since, limit = Infinity} = run
  const altering = !run.readOnly && (options.markSeen === true || options.moveTo !== undefined)
  const entries = await list(path)
  if (altering) await finish(options, run, entries)
  const settled = await ledger.settled(EPOCH, '', [...entries.keys()])
  const due = new Set(await ledger.due(EPOCH))
  const gone = [...due].filter((base) => !entries.has(base))
  const fresh = [...entries.values()].filter(({base}) => !settled.has(base) || due.has(base))
  const {waiting, poisoned, forbidden} = await examine(path, fresh, signal)
  // What is poison already and due again says nothing about the rest.
  const isNew = ({base}: {readonly base: string}) => !due.has(base)
  const [denied, of] = [forbidden.filter(isNew).length, fresh.filter(isNew).length]
  if (denied >= FORBIDDEN_FILES && denied * 2 > of) throw forbiddenFiles(path, denied, of)
  poisoned.push(...forbidden)
  const young = waiting.filter(({arrived}) => since === undefined || arrived.toISOString() >= since)
  const expected = Math.min(limit, young.length + poisoned.length)
  if (signal.aborted) return run.cursor
  if (expected > 0 && run.confirm && !(await run.confirm(expected))) return run.cursor
  let taken = 0
  run.onProgress?.({expected, taken})

  const deliver = async (deliveries: readonly Delivery[]) => {
    if (deliveries.length === 0 || signal.aborted) return
    await receive(deliveries)
    taken += deliveries.filter(({item, content}) => content.kind !== 'deferred' && entries.has(item.key)).length
    run.onProgress?.({expected: Math.max(expected, taken), taken})
    if (altering) await finish(options, run, entries)
  }
  const toDelivery = (base: string, content: Content, arrived?: Date): Delivery => ({
    item: {epoch: EPOCH, key: base},
    content,
    envelope: null,
    receivedAt: arrived?.toISOString() ?? clock.now(),
    cursor: CURSOR,
  })

  // Nothing of these is taken, so they do not count.
  for (let done = 0; done < gone.length; done += BATCH_MESSAGES)
    await deliver(gone.slice(done, done + BATCH_MESSAGES).map((base) => toDelivery(base, {kind: 'gone'})))
  let batch: Delivery[] = poisoned.slice(0, limit).map(({base, why}) => toDelivery(base, {kind: 'poison', why}))
  let counted = batch.length
  let bytes = 0
  for (const message of waiting) {
    if (counted >= limit || signal.aborted) break
    const deferred = since !== undefined && message.arrived.toISOString() < since
    if (!deferred) counted++
    const large = !deferred && message.size > BIG_BYTES && message.size <= sizeLimit
    const size = deferred || message.size > sizeLimit ? 0 : message.size
    if (large || batch.length >= BATCH_MESSAGES || bytes + size > BATCH_BYTES) {
      await deliver(batch)
      batch = []
      bytes = 0
    }
    if (deferred) batch.push(toDelivery(message.base, {kind: 'deferred'}, message.arrived))
    else if (large)
      await readLarge(options, message, (content) => deliver([toDelivery(message.base, content, message.arrived)]))
    else {
      const content = await read(options, message).catch(async (error: unknown) => {
        // What came before the fault is kept.
        await deliver(batch)
        throw error
      })
      batch.push(toDelivery(message.base, content, message.arrived))
    }
    bytes += size
  }
  await deliver(batch)
  return signal.aborted ? run.cursor : CURSOR
}

// Finding ---------------------------------------------------------------------------------------------------------

/** All messages by base name. One that is in both directories is being moved, and is one message. */
async function list(path: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>()
  for (const directory of ['new', 'cur'] as const) {
    const names = await readdir(join(path, directory), 'buffer').catch((error: unknown) => {
      throw unreadable(path, directory, error)
    })
    for (const name of names) {
      const file = name.toString('latin1')
      // "A file name starting with a dot is not a message."
      if (file.startsWith('.')) continue
      const base = baseOf(file)
      entries.set(base, {base, directory, file})
    }
  }
  return entries
}

/** What stands before the colon, as text for the ledger. Where it is not UTF-8 its bytes above 127 are in hex. */
function baseOf(file: string): string {
  const base = bareOf(file)
  const bytes = Buffer.from(base, 'latin1')
  return isUtf8(bytes)
    ? bytes.toString()
    : base.replace(/[\x80-\xff]/g, (byte) => `=${byte.charCodeAt(0).toString(16)}`)
}

const bareOf = (file: string) => file.split(':', 1)[0]!

/** The path of a name given as latin1. */
const pathOf = (path: string, directory: string, file: string): Buffer =>
  Buffer.concat([Buffer.from(join(path, directory, '/')), Buffer.from(file, 'latin1')])

/** Where most of the new files may not be read, they are not at fault one by one. */
function forbiddenFiles(path: string, count: number, of: number): PostdeskError {
  return connectionFailed({
    code: 'MAILDIR_UNREADABLE',
    exitCode: EXIT.notPermitted,
    title: `The messages in the Maildir ${path} cannot be read`,
    why: `${count} of ${of} new messages may not be read by this user`,
    fixes: [{text: `Give the user who runs postdesk on ${hostname()} the right to read them.`}],
    stage: 'maildir',
  })
}

function unreadable(path: string, directory: string, error: unknown): PostdeskError {
  const code = codeOf(error)
  const missing = code === 'ENOENT' || code === 'ENOTDIR'
  if (FAULTS_OF_MACHINE.has(code)) return machineFault(path, error)
  return connectionFailed({
    code: missing ? 'MAILDIR_MISSING' : 'MAILDIR_UNREADABLE',
    exitCode: missing ? EXIT.noInput : EXIT.notPermitted,
    title: missing ? `There is no Maildir at ${path}` : `The Maildir ${path} cannot be read`,
    why: missing ? `the directory ${join(path, directory)} is missing` : messageOf(error),
    fixes: missing
      ? [
          {
            text: 'A Maildir is the directory that holds cur, new and tmp. Check the path; some servers put a mailbox in a directory with a dot in front.',
          },
        ]
      : [{text: `Give the user who runs postdesk on ${hostname()} the right to read it.`}],
    stage: 'maildir',
    cause: error,
  })
}

/** The process or its machine cannot read files at all: that is no message's fault. */
function machineFault(path: string, error: unknown): PostdeskError {
  return connectionFailed({
    code: 'MAILDIR_FAULT',
    exitCode: EXIT.tryAgain,
    title: `The Maildir ${path} cannot be read now`,
    why: `${messageOf(error)}; what was received before is kept`,
    fixes: [
      {text: 'Run the same command again.'},
      {text: `If it stays so, look at the limit on open files and at the disk of ${hostname()}.`},
    ],
    stage: 'maildir',
    cause: error,
  })
}

/** Sizes and times, the oldest first. What cannot be looked at is poison; what is no file is no message. */
async function examine(path: string, entries: readonly Entry[], signal: AbortSignal) {
  const waiting: Waiting[] = []
  const poisoned: {readonly base: string; readonly why: string}[] = []
  const forbidden: typeof poisoned = []
  const missed: Entry[] = []
  const look = async (entry: Entry) => {
    try {
      const file = pathOf(path, entry.directory, entry.file)
      const facts = await stat(file)
      if (!facts.isFile()) return
      await (await open(file, READ)).close()
      waiting.push({...entry, size: facts.size, arrived: facts.mtime})
    } catch (error) {
      const code = codeOf(error)
      if (FAULTS_OF_MACHINE.has(code)) throw machineFault(path, error)
      if (code === 'ENOENT') missed.push(entry)
      else if (code === 'EACCES' || code === 'EPERM') forbidden.push({base: entry.base, why: messageOf(error)})
      else poisoned.push({base: entry.base, why: messageOf(error)})
    }
  }
  for (let done = 0; done < entries.length && !signal.aborted; done += STATS_AT_ONCE)
    await Promise.all(entries.slice(done, done + STATS_AT_ONCE).map(look))
  if (missed.length > 0) {
    // Renamed or removed since they were listed. What is missed again comes with the next run, or is gone.
    const now = await list(path)
    for (const {base} of missed.splice(0)) {
      const entry = now.get(base)
      if (entry) await look(entry)
    }
  }
  const order = (a: Waiting, b: Waiting) => a.arrived.getTime() - b.arrived.getTime() || (a.base < b.base ? -1 : 1)
  return {waiting: waiting.sort(order), poisoned, forbidden}
}

// Reading ---------------------------------------------------------------------------------------------------------

/** Opens a message where it is by now; null where it is gone. */
async function openMessage(path: string, entry: Entry): Promise<FileHandle | null> {
  const tryOpen = ({directory, file}: Entry) =>
    open(pathOf(path, directory, file), READ).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return null
      throw error
    })
  const handle = await tryOpen(entry)
  if (handle) return handle
  const now = (await list(path)).get(entry.base)
  return now ? tryOpen(now) : null
}

async function read({path, sizeLimit}: MaildirSourceOptions, message: Waiting): Promise<Content> {
  let handle: FileHandle | null = null
  try {
    handle = await openMessage(path, message)
    if (handle === null) return {kind: 'gone'}
    const {size} = await handle.stat()
    if (size <= sizeLimit) return {kind: 'raw', bytes: await handle.readFile()}
    const {buffer, bytesRead} = await handle.read({buffer: Buffer.alloc(HEADER_BYTES), position: 0})
    return {kind: 'oversized', header: headerOf(buffer.subarray(0, bytesRead)), size}
  } catch (error) {
    return poisonOf(path, error)
  } finally {
    await handle?.close()
  }
}

/** What cannot be read is poison, unless the same would be with every other. */
function poisonOf(path: string, error: unknown): Content {
  if (FAULTS_OF_MACHINE.has(codeOf(error))) throw machineFault(path, error)
  return {kind: 'poison', why: messageOf(error)}
}

/** Gives a large message as a stream to `use`, and closes its file afterwards. */
async function readLarge(
  {path}: MaildirSourceOptions,
  message: Waiting,
  use: (content: Content) => Promise<void>,
): Promise<void> {
  const handle = await openMessage(path, message).catch((error: unknown) => poisonOf(path, error))
  if (handle === null) return use({kind: 'gone'})
  if ('kind' in handle) return use(handle)
  try {
    await use({kind: 'stream', chunks: pieces(handle)})
  } finally {
    await handle.close()
  }
}

async function* pieces(handle: FileHandle): AsyncGenerator<Uint8Array> {
  for (let position = 0; ;) {
    const {buffer, bytesRead} = await handle.read({buffer: Buffer.alloc(PIECE_BYTES), position})
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

/** The header of a message: up to and with the empty line (RFC 5322 2.1). */
function headerOf(bytes: Buffer): Buffer {
  const ends = [...bytes.toString('latin1').matchAll(/\r?\n\r?\n/g)].map(({index, 0: {length}}) => index + length)
  return Buffer.from(bytes.subarray(0, ends[0] ?? bytes.length))
}

// Afterwards ------------------------------------------------------------------------------------------------------

/**
 * Moves what the ledger names: what was committed and is kept whole. Only that may leave its place. A message that
 * somebody else has moved or removed is done too.
 */
async function finish(
  {path, markSeen, moveTo, log = silent}: MaildirSourceOptions,
  {ledger}: SourceRun,
  entries: ReadonlyMap<string, Entry>,
): Promise<void> {
  const bases = await ledger.unfinished(EPOCH)
  if (bases.length === 0) return
  const done: string[] = []
  let current: ReadonlyMap<string, Entry> = entries
  for (const base of bases) {
    const move = async (entry: Entry | undefined) => {
      if (!entry) return
      const target = pathOf(moveTo ?? path, 'cur', markSeen === true ? withSeen(entry) : withInfo(entry))
      await rename(pathOf(path, entry.directory, entry.file), target)
    }
    try {
      await move(current.get(base)).catch(async (error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error
        current = await list(path)
        await move(current.get(base))
      })
      done.push(base)
    } catch (error) {
      // The mail is safe; what is left undone is tried again at the next run.
      log('maildir-move-failed', {base, message: messageOf(error)})
    }
  }
  await ledger.finished(EPOCH, done)
}

/** What follows the base name: `:2,` and flags in ASCII order; files in `new` have none. */
const flagsOf = ({file}: Entry) => /^:2,(.*)$/.exec(file.slice(bareOf(file).length))?.[1] ?? ''

const withInfo = (entry: Entry) => `${bareOf(entry.file)}:2,${flagsOf(entry)}`

const withSeen = (entry: Entry) =>
  `${bareOf(entry.file)}:2,${[...new Set(`${flagsOf(entry)}S`.split(''))].sort().join('')}`

// Waiting ---------------------------------------------------------------------------------------------------------

/**
 * A change in `newMail` rings, also one since the last run began; where the file system cannot tell of changes, the
 * time does. Never rejects.
 */
async function waitForNews(
  newMail: string,
  timeoutMs: number,
  signal: AbortSignal,
  hasChanged: () => Promise<boolean>,
): Promise<void> {
  if (signal.aborted) return
  const {promise, resolve} = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, timeoutMs)
  const ring = () => resolve()
  signal.addEventListener('abort', ring, {once: true})
  let watcher: ReturnType<typeof watch> | undefined
  try {
    watcher = watch(newMail, ring)
    watcher.on('error', () => {})
  } catch {
    // The timer stands.
  }
  // Asked after the watch has begun, so that nothing falls between.
  if (await hasChanged()) ring()
  await promise
  signal.removeEventListener('abort', ring)
  clearTimeout(timer)
  watcher?.close()
}
