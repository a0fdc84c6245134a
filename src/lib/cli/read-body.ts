/** A text that a person writes: `--body`, `--body-file`, or standard input. */
import {readFile} from 'node:fs/promises'
import {badFileContent, inputFileMissing} from '../errors.ts'

/** Bytes. Far above anything that is written by hand; a file that was given by mistake is refused. */
const MAX_BODY_BYTES = 1024 * 1024

export interface BodyFrom {
  readonly body: string | undefined
  readonly 'body-file': string | undefined
}

/**
 * The text; undefined where there is none: standard input is a terminal, or holds nothing but blanks.
 * @throws 66 where the file cannot be read, 65 for what is not text or is too long.
 */
export async function readBody(from: BodyFrom, stdin: NodeJS.ReadStream): Promise<string | undefined> {
  const text = await readText(from, stdin)
  return text?.trim() === '' ? undefined : text
}

async function readText({body, 'body-file': file}: BodyFrom, stdin: NodeJS.ReadStream): Promise<string | undefined> {
  if (body !== undefined) return body
  if (file !== undefined) {
    try {
      return decode(file, await readFile(file))
    } catch (error) {
      throw (error as NodeJS.ErrnoException).syscall === undefined ? error : inputFileMissing(file, error)
    }
  }
  if (stdin.isTTY) return undefined
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stdin) {
    chunks.push(chunk as Buffer)
    size += (chunk as Buffer).length
    if (size > MAX_BODY_BYTES) break
  }
  return decode('standard input', Buffer.concat(chunks))
}

function decode(where: string, bytes: Buffer): string {
  if (bytes.length > MAX_BODY_BYTES) throw badFileContent(where, `a text has at most ${MAX_BODY_BYTES} bytes`)
  try {
    return new TextDecoder('utf-8', {fatal: true}).decode(bytes)
  } catch {
    throw badFileContent(where, 'it is not UTF-8 text')
  }
}
