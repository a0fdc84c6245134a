/** Writes the attachments of a ticket into a directory: all of them, none twice, nothing over what is there. */
import {createHash, randomUUID} from 'node:crypto'
import {constants, copyFile, link, open, realpath, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {pipeline} from 'node:stream/promises'
import {beginningOfAttachment, readAttachment} from './attachment-bytes.ts'
import {cannotWrite, codeOf, noSuchNumber, PostdeskError} from './errors.ts'
import {makeDirectory} from './make-directory.ts'
import {nameKey, namedBySubject, numberedName, safeFileName} from './message/file-name.ts'
import {MAX_HEADER_BYTES} from './message/limits.ts'
import {parseFacts} from './message/parse.ts'
import type {Store} from './store/open.ts'
import type {PortalRow} from './store/portals.ts'
import type {Db} from './store/schema.ts'
import {listAttachments, listMessages, type AttachmentRow} from './store/tickets.ts'
import {requireTicket} from './ticket-summary.ts'

/** An attachment and the file that has it. */
export interface SavedAttachment {
  /** The id of its message. */
  readonly message: number
  /** Its position in the MIME tree, such as `1.2`. */
  readonly part: string
  /** As sent; null where none was given. */
  readonly filename: string | null
  /** The file, absolute. */
  readonly path: string
  /** Bytes after decoding. */
  readonly size: number
  readonly sha256: string
  readonly contentType: string
  /** False where the very same file was there already. */
  readonly written: boolean
}

export interface SaveOptions {
  /** Made with its parents where it is missing. */
  readonly directory: string
  /** Only those of this message. */
  readonly messageId?: number
}

export interface Saved {
  /** The directory, absolute. */
  readonly directory: string
  readonly files: readonly SavedAttachment[]
  /** What could not be written: attachments that are damaged in the store; or, as the last, why the rest is missing. */
  readonly problems: readonly PostdeskError[]
}

/**
 * Every attachment gets a file of its own with a safe name. A file that is there is left alone: it counts as written
 * if it is the same, else the new one gets a number. Memory is that of a piece, whatever the size.
 * @throws 67 for a ticket that is not there or a message that is none of its own, 73 where there can be no directory.
 */
export async function saveAttachments(
  {db}: Store,
  portal: PortalRow,
  number: number,
  {directory, messageId}: SaveOptions,
): Promise<Saved> {
  const ticket = await requireTicket(db, portal, number)
  const messages = await listMessages(db, ticket)
  if (messageId !== undefined && !messages.some(({id}) => id === messageId))
    throw noSuchNumber(
      'message',
      [messageId],
      [{text: 'See what the ticket has:', command: `postdesk ticket show ${number}`}],
      number,
    )
  const rawIds = new Map(messages.map(({id, raw_id: rawId}) => [id, rawId]))
  const attachments = (await listAttachments(db, ticket))
    .filter((row) => messageId === undefined || row.message_id === messageId)
    .sort((a, b) => a.message_id - b.message_id || a.offset - b.offset)
  const place = await openPlace(directory)
  const taken = new Set<string>()
  const files: SavedAttachment[] = []
  const problems: PostdeskError[] = []
  for (const row of attachments) {
    const rawId = rawIds.get(row.message_id)
    if (rawId == null) continue
    try {
      const {path, written} = await save(db, rawId, row, place, taken)
      files.push({
        message: row.message_id,
        part: row.part,
        filename: row.filename,
        path,
        size: row.size,
        sha256: row.sha256,
        contentType: row.content_type,
        written,
      })
    } catch (error) {
      if (error instanceof PostdeskError) problems.push(error)
      else if (codeOf(error) === '') throw error
      else {
        // A disk that is full for one is full for all.
        problems.push(cannotWrite(place, error))
        break
      }
    }
  }
  return {directory: place, files, problems}
}

async function openPlace(directory: string): Promise<string> {
  try {
    await makeDirectory(directory, 0o700)
    return await realpath(directory)
  } catch (error) {
    throw cannotWrite(directory, error)
  }
}

async function save(
  db: Db,
  rawId: number,
  row: AttachmentRow,
  directory: string,
  taken: Set<string>,
): Promise<{path: string; written: boolean}> {
  const naming = {filename: row.filename, contentType: row.content_type}
  const subject = namedBySubject(naming)
    ? parseFacts(await beginningOfAttachment(db, rawId, row, MAX_HEADER_BYTES)).subject
    : ''
  const wanted = safeFileName({...naming, subject})
  let draft: string | null = null
  try {
    for (let attempt = 1; ; attempt++) {
      const name = numberedName(wanted, attempt)
      if (taken.has(nameKey(name))) continue
      taken.add(nameKey(name))
      const path = join(directory, name)
      const there = await compare(path, row)
      if (there === 'same') return {path, written: false}
      if (there === 'other') continue
      draft ??= await writeDraft(db, rawId, row, directory)
      if (await place(draft, path)) return {path, written: true}
    }
  } finally {
    if (draft !== null) await rm(draft, {force: true})
  }
}

/** Whether a file is there, and whether it is the attachment. What is no plain file is something else. */
async function compare(path: string, {size, sha256}: AttachmentRow): Promise<'nothing' | 'same' | 'other'> {
  let file
  try {
    // Not to be led elsewhere by a link, nor held up by a pipe that nobody writes to.
    file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? 'nothing' : 'other'
  }
  try {
    const stat = await file.stat()
    if (!stat.isFile() || stat.size !== size) return 'other'
    const hash = createHash('sha256')
    await pipeline(file.createReadStream({autoClose: false}), hash)
    return hash.digest('hex') === sha256 ? 'same' : 'other'
  } finally {
    await file.close()
  }
}

/** The attachment in a file that nobody else knows, whole and verified. */
async function writeDraft(db: Db, rawId: number, row: AttachmentRow, directory: string): Promise<string> {
  const path = join(directory, `.postdesk-${randomUUID()}.part`)
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0)
  const file = await open(path, flags, 0o600)
  try {
    for await (const bytes of readAttachment(db, rawId, row)) await file.writeFile(bytes)
  } catch (error) {
    await rm(path, {force: true})
    throw error
  } finally {
    await file.close()
  }
  return path
}

/** Gives a draft its name, at once and whole. False where there is something by now. */
async function place(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
  }
  try {
    // A file system without links: slower, and as careful.
    await copyFile(draft, path, constants.COPYFILE_EXCL)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}
