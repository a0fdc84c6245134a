import type {Readable} from 'node:stream'
import {usage} from '../errors.ts'
import type {Secret} from './secret.ts'
import {readSecretBytes, SECRET_FAULTS, secretFromBytes} from './secret-bytes.ts'

/**
 * Reads one secret from standard input, for `--NAME-stdin`. Waits for the end however long it takes: `pass`, `op` and
 * `gpg` ask people. Throws 64 where it is empty, too long or a terminal.
 */
export async function readSecretStdin(
  flag: string,
  input: Readable & {readonly isTTY?: boolean} = process.stdin,
): Promise<Secret> {
  const fixes = [{text: 'Give the secret by a pipe or a file:', command: `pass show mail/smtp | postdesk … ${flag}`}]
  // A terminal would show what is typed.
  if (input.isTTY === true)
    throw usage(`${flag} reads a pipe or a file, and standard input is a terminal`, [
      ...fixes,
      {text: `Or leave ${flag} out to be asked for it.`},
    ])
  if (input.readableEnded) throw usage(`${flag}: standard input was read already; it gives one secret a run`, fixes)
  const secret = secretFromBytes(await readSecretBytes(input))
  if (typeof secret === 'string') throw usage(`${flag} does not give a secret: ${SECRET_FAULTS[secret]}`, fixes)
  return secret
}
