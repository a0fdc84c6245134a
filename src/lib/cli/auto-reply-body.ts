import {readFile} from 'node:fs/promises'
import {inputFileMissing} from '../errors.ts'

/**
 * The text of an automatic reply from `--auto-reply-body`, or from the file of `--auto-reply-body-file`; undefined where
 * neither was given. @throws 66 where the file cannot be read.
 */
export async function autoReplyBody(flags: {
  readonly 'auto-reply-body'?: string | undefined
  readonly 'auto-reply-body-file'?: string | undefined
}): Promise<string | undefined> {
  const path = flags['auto-reply-body-file']
  if (path === undefined) return flags['auto-reply-body']
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw inputFileMissing(path, error)
  }
}
