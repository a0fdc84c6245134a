import {open} from 'node:fs/promises'
import {badFileContent, codeOf, inputFileMissing} from '../errors.ts'
import type {Secret} from './secret.ts'
import {readSecretBytes, SECRET_FAULTS, secretFromBytes} from './secret-bytes.ts'

/**
 * Reads a secret from a file, a pipe (`<(pass show mail)`) or a mounted secret. Throws 66 where it cannot be read, 65
 * where it holds no secret.
 *
 * A file that every user of the machine may read is warned about, not refused: Docker and Kubernetes mount secrets with
 * mode 0444 or 0644 into containers that have one user, read-only, so that nobody could mend it.
 */
export async function readSecretFile(path: string, warn: (text: string) => void): Promise<Secret> {
  let bytes: Buffer
  let mode: number
  try {
    const file = await open(path)
    mode = (await file.stat()).mode
    bytes = await readSecretBytes(file.createReadStream())
  } catch (error) {
    throw inputFileMissing(path, codeOf(error) === 'ENOENT' ? undefined : error)
  }
  if (process.platform !== 'win32' && (mode & 0o004) !== 0)
    warn(`${path} can be read by every user of this machine: chmod 600 '${path}'`)
  const secret = secretFromBytes(bytes)
  if (typeof secret === 'string') throw badFileContent(path, SECRET_FAULTS[secret])
  return secret
}
