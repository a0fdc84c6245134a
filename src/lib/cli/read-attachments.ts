/** Files that go with a mail. */
import {readFile, stat} from 'node:fs/promises'
import {basename} from 'node:path'
import {attachmentsTooLarge, inputFileMissing, inputFilesMissing, noRegularFile} from '../errors.ts'
import type {DraftAttachment} from '../message/compose.ts'
import {contentTypeOf} from '../message/content-type-of.ts'

/**
 * Bytes of all files of one mail. Providers take 20 to 25 MB (Gmail 25, Microsoft 365 20 to 35, in base64, which adds a third): what
 * is larger would be refused by one of them on its way.
 */
const MAX_BYTES = 18 * 1024 * 1024

/** @throws 66 naming each that cannot be read, 65 where they are too large together. */
export async function readAttachments(paths: readonly string[]): Promise<DraftAttachment[]> {
  const missing: string[] = []
  let size = 0
  for (const path of paths) {
    const found = await stat(path).catch(() => null)
    if (found === null) missing.push(path)
    else if (found.isDirectory())
      throw inputFileMissing(path, Object.assign(new Error('a directory'), {code: 'EISDIR'}))
    else if (!found.isFile()) throw noRegularFile(path)
    else size += found.size
  }
  if (missing.length > 0) throw inputFilesMissing(missing)
  if (size > MAX_BYTES) throw attachmentsTooLarge(size, MAX_BYTES)
  const attachments: DraftAttachment[] = []
  for (const path of paths) {
    const filename = basename(path)
    const content = await readFile(path).catch((error: unknown) => {
      throw inputFileMissing(path, error)
    })
    attachments.push({filename, contentType: await contentTypeOf(filename), content})
  }
  return attachments
}
