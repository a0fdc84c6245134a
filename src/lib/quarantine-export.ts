/**
 * Writes quarantined mail into a directory: each as a file with the bytes as they came, and an index with what is known of
 * it beside. Nothing is written over: a second export of the same mail finds it there.
 */
import {createHash} from 'node:crypto'
import {createReadStream} from 'node:fs'
import {copyFile, constants, link, lstat, open, rm, truncate} from 'node:fs/promises'
import {join} from 'node:path'
import {alreadyExists, cannotWrite, codeOf, nothingKept, PostdeskError} from './errors.ts'
import type {Envelope} from './channel/delivery.ts'
import {makeDirectory} from './make-directory.ts'
import {noQuarantinedMail} from './quarantine-selection.ts'
import type {Kept} from './quarantine-summary.ts'
import {readRawMail} from './raw-mail.ts'
import type {Store} from './store/open.ts'
import type {PortalRow} from './store/portals.ts'
import {findQuarantined, measureSelection, walkQuarantine, type QuarantineSelection} from './store/quarantine.ts'
import type {Db} from './store/schema.ts'

/** A mail, and the file that it is in. */
export interface ExportedItem {
  readonly id: number
  /** The name of the file in the directory; null where nothing is kept of the mail. */
  readonly file: string | null
  readonly kept: Kept
  /** `there`: a file with these bytes was there already. `damaged`: the store does not have its bytes as they came. */
  readonly outcome: 'written' | 'there' | 'nothing' | 'damaged'
}

/** A line of the index. Texts are as sent. */
interface IndexLine {
  readonly id: number
  readonly file: string | null
  readonly reason: string
  readonly why: string
  readonly source: string
  readonly item: {readonly epoch: string; readonly key: string}
  readonly envelope: Envelope | null
  readonly channel: string | null
  readonly from: string
  readonly subject: string
  readonly receivedAt: string
  readonly quarantinedAt: string
  readonly purgedAt: string | null
  readonly size: number
  readonly kept: Kept
}

export interface ExportOptions {
  readonly store: Store
  readonly portal: PortalRow
  readonly selection: QuarantineSelection
  readonly directory: string
  /** Ends the walk between two mails. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: {expected: number; taken: number; bytes: number}) => void
}

const INDEX = 'quarantine.jsonl'

/** Customers' mail: nobody else may read it. */
const DIRECTORY_MODE = 0o700
const FILE_MODE = 0o600

type FullRow = NonNullable<Awaited<ReturnType<typeof findQuarantined>>>

/**
 * Exports the mails of a selection, the oldest first. Yields each once it is written, its line in the index included.
 * @throws 73 where a file cannot be written, or another one of its name is there.
 */
export async function* exportQuarantined(options: ExportOptions): AsyncGenerator<ExportedItem> {
  const {store, portal, selection, directory, signal, onProgress} = options
  const {db, dialect} = store
  const expected = onProgress ? (await measureSelection(db, dialect, portal.id, selection)).mails : 0
  let [taken, bytes] = [0, 0]
  const index = await openIndex(directory)
  try {
    for await (const page of walkQuarantine(db, dialect, portal.id, selection))
      for (const {id, size} of page) {
        if (signal?.aborted) return
        // One by one: a header may have 64 KB. It may have left the quarantine meanwhile.
        const row = await findQuarantined(db, portal.id, id)
        if (row) {
          const exported = await exportOne(db, row, directory).catch((error: unknown): ExportedItem => {
            if (!(error instanceof PostdeskError) || error.code !== 'RAW_DAMAGED') throw error
            return {id, file: null, kept: keptOf(row), outcome: 'damaged'}
          })
          await index.add(lineOf(row, exported))
          yield exported
        }
        bytes += size
        onProgress?.({expected, taken: ++taken, bytes})
      }
  } finally {
    await index.close()
  }
}

/**
 * The bytes that are kept of a mail: all of it, or its header.
 * @throws 67 for an unknown id, 65 where nothing is kept.
 */
export async function openQuarantined({db}: Store, portal: PortalRow, id: number): Promise<AsyncIterable<Uint8Array>> {
  const row = await findQuarantined(db, portal.id, id)
  if (!row) throw noQuarantinedMail(id, portal)
  const bytes = keptBytes(db, row)
  if (bytes === null) throw nothingKept(id)
  return bytes
}

const keptOf = ({raw_id: rawId, header}: FullRow): Kept =>
  rawId === null ? (header === null ? 'nothing' : 'header') : 'whole'

function keptBytes(db: Db, row: FullRow): AsyncIterable<Uint8Array> | null {
  const {portal_id: portalId, id, raw_id: rawId, size, header} = row
  if (rawId !== null) return readRawMail(db, {portalId, rawId, size, name: `Quarantined mail ${id}`})
  return header === null ? null : only(header)
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

// Files -----------------------------------------------------------------------------------------------------------------

async function exportOne(db: Db, row: FullRow, directory: string): Promise<ExportedItem> {
  const {id, reason} = row
  const kept = keptOf(row)
  const bytes = keptBytes(db, row)
  if (bytes === null) return {id, file: null, kept, outcome: 'nothing'}
  // Made of an id and a reason of our own: nothing of the mail's sender is in a file name.
  const file = `${id}-${reason}.${kept === 'whole' ? 'eml' : 'headers'}`
  const path = join(directory, file)
  if (await exists(path)) {
    await requireSame(path, file, bytes)
    return {id, file, kept, outcome: 'there'}
  }
  await writing(path, () => writeOnce(path, join(directory, `.${file}.part`), bytes))
  return {id, file, kept, outcome: 'written'}
}

/** Whatever happens, there is a whole file of that name or none. */
async function writeOnce(path: string, draft: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const handle = await open(draft, 'wx', FILE_MODE).catch(async (error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error
    await rm(draft) // of an export that was killed
    return open(draft, 'wx', FILE_MODE)
  })
  try {
    for await (const piece of bytes) await handle.writeFile(piece)
    await publish(draft, path)
  } finally {
    await handle.close()
    await rm(draft, {force: true})
  }
}

/** Gives the finished file its name, and never takes that of another. Some file systems have no links. */
async function publish(draft: string, path: string): Promise<void> {
  await link(draft, path).catch((error: unknown) => {
    if (codeOf(error) === 'EEXIST') throw error
    return copyFile(draft, path, constants.COPYFILE_EXCL)
  })
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT') return false
      throw cannotWrite(path, error)
    },
  )

/** @throws 73 where the file does not hold these bytes and no others. */
async function requireSame(path: string, name: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const other = () => alreadyExists('file', name, 'it holds something else, and nothing is written over')
  await writing(path, async () => {
    if (!(await lstat(path)).isFile()) throw other()
    const handle = await open(path, 'r')
    try {
      let position = 0
      for await (const piece of bytes) {
        const there = Buffer.alloc(piece.length)
        const {bytesRead} = await handle.read(there, 0, piece.length, position)
        if (bytesRead < piece.length || !there.equals(piece)) throw other()
        position += piece.length
      }
      if ((await handle.stat()).size !== position) throw other()
    } finally {
      await handle.close()
    }
  })
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    // What the store says is no fault of the file.
    if (error instanceof PostdeskError || !codeOf(error).startsWith('E')) throw error
    throw cannotWrite(path, error)
  }
}

// Index -----------------------------------------------------------------------------------------------------------------

interface Index {
  /** Adds a line, unless there is an equal one. */
  add(line: IndexLine): Promise<void>
  close(): Promise<void>
}

/** What a line of ours begins with. */
const BEGINNING = '{"id":'

/** The index of a directory, which is made where it is missing. */
async function openIndex(directory: string): Promise<Index> {
  const path = join(directory, INDEX)
  return writing(path, async () => {
    await makeDirectory(directory, DIRECTORY_MODE)
    const known = await readHashes(path)
    const file = await open(path, 'a', FILE_MODE)
    return {
      close: () => file.close(),
      add: (line) =>
        writing(path, async () => {
          const text = asciiJson(line)
          const hash = createHash('sha256').update(text).digest('hex')
          if (known.has(hash)) return
          await file.appendFile(`${text}\n`)
          known.add(hash)
        }),
    }
  })
}

/** JSON of ASCII alone: what a terminal would obey, and where other readers would end a line, is escaped. */
const asciiJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\u007F-\uFFFF]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/**
 * The hashes of the lines of an earlier export. A line that was cut short when that was killed is cut off, as it is no
 * JSON. @throws 73 where the file is none of ours.
 */
async function readHashes(path: string): Promise<Set<string>> {
  const hashes = new Set<string>()
  if (!(await exists(path))) return hashes
  const foreign = () => alreadyExists('file', INDEX, 'it is no index of an export, and nothing is written over')
  if (!(await lstat(path)).isFile()) throw foreign()
  let [whole, position, hash, beginning] = [0, 0, createHash('sha256'), '']
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
    for (let start = 0; start < piece.length;) {
      const newline = piece.indexOf(0x0a, start)
      const end = newline === -1 ? piece.length : newline
      const part = piece.subarray(start, end)
      hash.update(part)
      if (beginning.length < BEGINNING.length) beginning += part.toString('latin1', 0, BEGINNING.length)
      position += end - start
      start = end
      if (newline === -1) break
      if (!beginning.startsWith(BEGINNING)) throw foreign()
      hashes.add(hash.digest('hex'))
      ;[hash, beginning] = [createHash('sha256'), '']
      position++
      start++
      whole = position
    }
  }
  if (position > whole) {
    if (!BEGINNING.startsWith(beginning.slice(0, BEGINNING.length))) throw foreign()
    await truncate(path, whole)
  }
  return hashes
}

const lineOf = (row: FullRow, {file, kept}: ExportedItem): IndexLine => ({
  id: row.id,
  file,
  reason: row.reason,
  why: row.detail,
  source: row.source_identity,
  item: {epoch: row.epoch, key: row.item_key},
  envelope: row.envelope === null ? null : (JSON.parse(row.envelope) as Envelope),
  channel: row.channel_address,
  from: row.from_text,
  subject: row.subject,
  receivedAt: row.received_at,
  quarantinedAt: row.created_at,
  purgedAt: row.purged_at,
  size: row.size,
  kept,
})
