/** This machine's own words on where it finds a secret: kept in its config directory, never in the store or a manifest. */
import {badFileContent, messageOf} from '../errors.ts'
import {entryName, otherUses} from './entry-name.ts'
import {changePrivateFile, readPrivateFile} from './private-file.ts'
import {formatSecretRef, parseSecretRef, type SecretRef} from './secret-ref.ts'
import type {SecretId} from './secret.ts'

/** The bindings of one machine. Every call reads the file anew: another process may have changed it. */
export interface Bindings {
  get(id: SecretId): Promise<SecretRef | null>
  set(id: SecretId, ref: SecretRef): Promise<void>
  /** The same secret where it is bound for other uses. */
  others(id: SecretId): Promise<readonly SecretId[]>
  /** True if there was one. */
  delete(id: SecretId): Promise<boolean>
}

// A binding can name a program to run: others may read the file, never write it.
const MODES = {file: 0o644, directory: 0o755} as const

/** The bindings in the file `path`, which need not exist. Rejects with 65 where it is not such a file, 77 for its mode. */
export function openBindings(path: string): Bindings {
  return {
    async get(id) {
      const text = parse(path, await readPrivateFile(path, MODES)).get(entryName(id))
      if (text === undefined) return null
      try {
        return parseSecretRef(text)
      } catch (error) {
        throw badFileContent(path, messageOf(error))
      }
    },
    async set(id, ref) {
      await changePrivateFile(path, MODES, async (current) =>
        format(parse(path, current).set(entryName(id), formatSecretRef(ref))),
      )
    },
    async others(id) {
      return otherUses(id, parse(path, await readPrivateFile(path, MODES)).keys())
    },
    async delete(id) {
      let found = false
      await changePrivateFile(path, MODES, async (current) => {
        const rest = parse(path, current)
        found = rest.delete(entryName(id))
        return found ? format(rest) : null
      })
      return found
    },
  }
}

/** The only version there is; a later program's file is not read by guesswork. */
const VERSION = 1

function parse(path: string, bytes: Buffer | null): Map<string, string> {
  if (bytes === null) return new Map()
  let parsed: unknown
  try {
    parsed = JSON.parse(bytes.toString())
  } catch (error) {
    throw badFileContent(path, messageOf(error), [{text: 'Mend it, or remove it and bind the secrets again.'}])
  }
  const {version, bindings} = (parsed ?? {}) as {readonly version?: unknown; readonly bindings?: unknown}
  if (version !== VERSION || typeof bindings !== 'object' || bindings === null)
    throw badFileContent(path, 'it is not a bindings file that this version of postdesk knows')
  const refs = new Map<string, string>()
  for (const [name, ref] of Object.entries(bindings)) {
    if (typeof ref !== 'string') throw badFileContent(path, `the binding of ${name} is not a text`)
    refs.set(name, ref)
  }
  return refs
}

function format(refs: ReadonlyMap<string, string>): Buffer {
  const sorted = [...refs].sort(([a], [b]) => (a < b ? -1 : 1))
  return Buffer.from(JSON.stringify({version: VERSION, bindings: Object.fromEntries(sorted)}, null, 2) + '\n')
}
