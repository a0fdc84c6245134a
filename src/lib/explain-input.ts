/**
 * The mails that a person names to have them explained: files, mailbox files, directories, standard input. One after the
 * other, in the order given; what cannot be read is said, and the others go on.
 */
import {closeSync, constants, fstatSync, openSync, readSync} from 'node:fs'
import {open, readdir, stat} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import {addAbortSignal, type Readable} from 'node:stream'
import {badFileContent, inputFileMissing, inputFilesMissing, noRegularFile, type PostdeskError} from './errors.ts'
import {beginsMbox, MboxSplitter, type MboxMessage} from './message/mbox.ts'

/** A mail that was found, or the lack of one. `source` is the path as given, with `#N` for the N-th of a mailbox file. */
export type ExplainInput =
  | {readonly kind: 'raw'; readonly source: string; readonly bytes: Uint8Array}
  /** Too large to be held: read once, before the next input is asked for. */
  | {readonly kind: 'stream'; readonly source: string; readonly chunks: AsyncIterable<Uint8Array>}
  /** Over the size limit: its header alone was read. */
  | {readonly kind: 'oversized'; readonly source: string; readonly header: Uint8Array; readonly size: number}
  | {readonly kind: 'unusable'; readonly source: string; readonly error: PostdeskError}
  /** A file of a directory that does not begin as a mail does: a note, a list, a picture; or a pipe, which is no file. */
  | {readonly kind: 'left-out'; readonly source: string}
  /** A directory that was named, and has nothing below it but what was left out. */
  | {readonly kind: 'no-mail'; readonly source: string}

export interface InputOptions {
  /** Files and directories; `-` is standard input. */
  readonly paths: readonly string[]
  readonly stdin: Readable
  /** Bytes above which only the header of a mail is read. */
  readonly sizeLimit: number
  readonly signal: AbortSignal
}

/** Names standard input. */
const STDIN = '-'
/** A larger mail is read in pieces, and never held whole. */
const BIG_BYTES = 4 * 1024 * 1024
const PIECE_BYTES = 1024 * 1024
/** The header of an oversized mail: enough for every field that a person looks at. */
const HEADER_BYTES = 64 * 1024

/**
 * A mail begins with a field (RFC 5322 2.2), or with the line that some programs leave above it. Names of fields have
 * letters, digits and hyphens in practice; the standard would let JSON pass as well.
 */
const BEGINS_AS_MAIL = /^(?:\r?\n)*(?:>?From |[A-Za-z][A-Za-z0-9-]*[ \t]*:)/

/**
 * Reads them all; paths that do not exist come first, as one input that is unusable and names each.
 * Rejects with the reason of the signal where standard input is waited for. @throws 66 where none of the paths exists.
 */
export async function* readInputs({paths, stdin, sizeLimit, signal}: InputOptions): AsyncGenerator<ExplainInput> {
  const missing = await findMissing(paths)
  if (missing.size > 0) {
    const error = inputFilesMissing([...missing])
    if (paths.every((path) => missing.has(path))) throw error
    yield {kind: 'unusable', source: [...missing].join(', '), error}
  }
  for (const path of paths)
    if (path === STDIN) yield* readStream(STDIN, untilAborted(stdin, signal), sizeLimit)
    else if (!missing.has(path)) yield* readPath(path, sizeLimit)
}

async function findMissing(paths: readonly string[]): Promise<ReadonlySet<string>> {
  const missing = new Set<string>()
  for (const path of paths)
    if (path !== STDIN)
      await stat(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR') missing.add(path)
      })
  return missing
}

/** What a person named: a directory, or a file. */
async function* readPath(path: string, sizeLimit: number): AsyncGenerator<ExplainInput> {
  try {
    const facts = await stat(path)
    if (facts.isDirectory()) {
      let isEmpty = true
      for await (const input of readDirectory(path, sizeLimit, new Set())) {
        isEmpty &&= input.kind === 'left-out'
        yield input
      }
      if (isEmpty) yield {kind: 'no-mail', source: path}
    } else if (facts.isFile()) yield* readFile(path, 'named', sizeLimit)
    // To open a pipe waits for who writes to it, and no signal ends that.
    else yield {kind: 'unusable', source: path, error: noRegularFile(path)}
  } catch (error) {
    yield unreadable(path, error)
  }
}

/** The files below a directory, by name. A directory that is reached again, as by a link, was read already. */
async function* readDirectory(
  directory: string,
  sizeLimit: number,
  visited: Set<string>,
): AsyncGenerator<ExplainInput> {
  const {dev, ino} = await stat(directory, {bigint: true})
  const identity = `${dev}/${ino}`
  if (visited.has(identity)) return
  visited.add(identity)
  const entries = (await readdir(directory, {withFileTypes: true}))
    .filter(({name}) => !name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const isMaildir = ['cur', 'new'].every((part) => entries.some(({name}) => name === part))
  for (const entry of entries) {
    // What is still being delivered (https://cr.yp.to/proto/maildir.html).
    if (isMaildir && entry.name === 'tmp') continue
    const path = join(directory, entry.name)
    try {
      // Only where the directory does not tell: what a link leads to.
      const facts = entry.isFile() || entry.isDirectory() ? entry : await stat(path)
      if (facts.isDirectory()) yield* readDirectory(path, sizeLimit, visited)
      else if (facts.isFile()) yield* readFile(path, 'found', sizeLimit)
      else yield {kind: 'left-out', source: path}
    } catch (error) {
      yield unreadable(path, error)
    }
  }
}

/** True for what is one mail by its name, whatever its first line is: an `.eml`, a message of a Maildir. */
const isOneMail = (path: string) => /\.eml$/i.test(path) || ['cur', 'new'].includes(basename(dirname(path)))

/** `found` in a directory, where other things lie too; or `named`, where a person says that it is mail. */
async function* readFile(path: string, how: 'named' | 'found', sizeLimit: number): AsyncGenerator<ExplainInput> {
  const {start, size} = readStart(path)
  if (size === 0) {
    yield how === 'found' && !isOneMail(path) ? {kind: 'left-out', source: path} : empty(path)
    return
  }
  if (!isOneMail(path)) {
    if (beginsMbox(start)) {
      yield* splitMbox(path, start.length === size ? [start] : pieces(path), sizeLimit)
      return
    }
    if (how === 'found' && !BEGINS_AS_MAIL.test(start.toString('latin1', 0, HEADER_BYTES))) {
      yield {kind: 'left-out', source: path}
      return
    }
  }
  if (size > sizeLimit) yield {kind: 'oversized', source: path, header: start.subarray(0, HEADER_BYTES), size}
  else if (start.length === size) yield {kind: 'raw', source: path, bytes: start}
  else yield {kind: 'stream', source: path, chunks: pieces(path)}
}

/**
 * The whole of a file that can be held, the beginning of a larger one. Synchronous: for a mail of the usual size each of
 * the four calls takes microseconds, and less than the way through the thread pool; the workers parse meanwhile.
 */
function readStart(path: string): {start: Buffer; size: number} {
  // NONBLOCK: a FIFO that took the place of the file must not hold us up.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const {size} = fstatSync(file)
    const start = Buffer.allocUnsafeSlow(size <= BIG_BYTES ? size : HEADER_BYTES)
    let read = 0
    while (read < start.length) {
      const bytes = readSync(file, start, read, start.length - read, null)
      if (bytes === 0) break
      read += bytes
    }
    // It may have been cut since its size was asked for.
    return read < start.length ? {start: start.subarray(0, read), size: read} : {start, size}
  } finally {
    closeSync(file)
  }
}

async function* pieces(path: string): AsyncGenerator<Buffer> {
  // As above.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    for (;;) {
      const {buffer, bytesRead} = await handle.read({buffer: Buffer.allocUnsafeSlow(PIECE_BYTES)})
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

/** A stream that is given up when the run is to stop: nobody may ever write to it again. */
async function* untilAborted(stream: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    yield* addAbortSignal(signal, stream)
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

/** A mail or a mailbox file of unknown size. */
async function* readStream(
  source: string,
  input: AsyncIterable<Buffer>,
  sizeLimit: number,
): AsyncGenerator<ExplainInput> {
  const chunks = input[Symbol.asyncIterator]()
  const held: Buffer[] = []
  let size = 0
  let isMbox: boolean | null = null
  try {
    for (;;) {
      const next = await chunks.next()
      if (next.done) break
      held.push(next.value)
      size += next.value.length
      // Either the first line is there, or it is too long to be that of a mailbox file.
      isMbox ??= size >= PIECE_BYTES || next.value.includes('\n') ? beginsMbox(Buffer.concat(held)) : null
      if (isMbox === true || size > BIG_BYTES) break
    }
  } catch (error) {
    yield unreadable(source, error)
    return
  }
  if (size === 0) yield empty(source)
  else if (isMbox === true) yield* splitMbox(source, joined(held, chunks), sizeLimit)
  else if (size <= BIG_BYTES) yield {kind: 'raw', source, bytes: Buffer.concat(held)}
  else yield {kind: 'stream', source, chunks: joined(held, chunks)}
}

/** What was read already, and the rest. */
async function* joined(held: Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  for (let chunk = held.shift(); chunk !== undefined; chunk = held.shift()) yield chunk
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

async function* splitMbox(
  path: string,
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
  sizeLimit: number,
): AsyncGenerator<ExplainInput> {
  const splitter = new MboxSplitter(sizeLimit)
  let count = 0
  const toInput = (message: MboxMessage): ExplainInput => {
    const source = `${path}#${++count}`
    if (message.kind === 'oversized') return {kind: 'oversized', source, header: message.header, size: message.size}
    return message.bytes.length === 0 ? empty(source) : {kind: 'raw', source, bytes: message.bytes}
  }
  for await (const chunk of chunks) for (const message of splitter.push(chunk)) yield toInput(message)
  for (const message of splitter.end()) yield toInput(message)
}

const empty = (source: string): ExplainInput => ({
  kind: 'unusable',
  source,
  error: badFileContent(source === STDIN ? 'Standard input' : source, 'it is empty'),
})

const unreadable = (source: string, error: unknown): ExplainInput => {
  // Faults of the system have a name; anything else is a fault of ours.
  if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
  return {kind: 'unusable', source, error: inputFileMissing(source, error)}
}
