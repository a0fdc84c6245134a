/**
 * The vault: one file that keeps secrets encrypted, for machines without a keychain (containers, CI, SSH, WSL). It has
 * the age format (age-encryption.org/v1) and can be read with the age tool; inside is one JSON object, entry name to value.
 */
import {notConfigured, secretPlaceClosed, secretPlaceFailed, type Fix} from '../errors.ts'
import type {Redactor} from '../log.ts'
import {environmentSecrets} from './environment.ts'
import {entryName, otherUses} from './entry-name.ts'
import {readSecretFile} from './file.ts'
import type {NamedSecretPlace} from './keychain.ts'
import {changePrivateFile, readPrivateFile} from './private-file.ts'
import {Secret} from './secret.ts'

/**
 * Work factor of scrypt, as a power of two: 2^17 is what OWASP asks for (r=8, p=1). It takes 128 MB and about half a
 * second of a small machine's processor; age's own default, 2^18, takes the 256 MB that many containers have in all.
 */
const VAULT_SCRYPT_LOG_N = 17

const MODES = {file: 0o600, directory: 0o700} as const

export interface VaultOptions {
  readonly path: string
  /** `POSTDESK_VAULT_PASSPHRASE` is taken out of it, so that no program started later inherits it. */
  readonly env?: NodeJS.ProcessEnv
  readonly redactor: Redactor
  readonly warn: (text: string) => void
  readonly scryptLogN?: number
}

/** A passphrase, or an age identity (`AGE-SECRET-KEY-1…`). */
interface VaultKey {
  readonly kind: 'passphrase' | 'identity'
  readonly secret: Secret
}

/** Opens the vault; nothing is read before the first call. Rejects with 78 where it has no key or the wrong one. */
export function openVault({
  path,
  env = process.env,
  redactor,
  warn,
  scryptLogN = VAULT_SCRYPT_LOG_N,
}: VaultOptions): NamedSecretPlace {
  const passphrase = environmentSecrets(env)('POSTDESK_VAULT_PASSPHRASE')
  const files = {passphrase: env['POSTDESK_VAULT_PASSPHRASE_FILE'], identity: env['POSTDESK_VAULT_IDENTITY_FILE']}
  let known: VaultKey | undefined
  // Deriving the key is dear: bytes that were decrypted once are not decrypted again.
  let last: {readonly bytes: Buffer; readonly entries: Entries} | undefined

  const key = async (): Promise<VaultKey> => {
    known ??= await readKey(passphrase, files, warn)
    redactor.register(known.secret.reveal())
    return known
  }

  const entriesOf = async (bytes: Buffer | null): Promise<Entries> => {
    if (bytes === null) return new Map()
    if (last?.bytes.equals(bytes) !== true) last = {bytes, entries: await decrypt(path, bytes, await key())}
    return last.entries
  }

  const entriesNow = async (): Promise<Entries> => {
    await key() // Without a key nothing is found, also where there is no vault yet.
    return entriesOf(await readPrivateFile(path, MODES))
  }

  const read = async (entry: string): Promise<Secret | null> => {
    const value = (await entriesNow()).get(entry)
    return value === undefined ? null : new Secret(value)
  }

  /** Replaces the whole file. `change` returns null where nothing is to be written. */
  const rewrite = async (change: (entries: Entries) => Entries | null): Promise<void> => {
    const vaultKey = await key()
    await changePrivateFile(path, MODES, async (current) => {
      const next = change(await entriesOf(current))
      if (current !== null) refuseOtherReaders(path, current)
      if (next === null) return null
      const bytes = await encrypt(next, vaultKey, scryptLogN)
      last = {bytes, entries: next}
      return bytes
    })
  }

  return {
    kind: 'vault',
    async probe() {
      // Taking the lock writes beside the file, and the content was decrypted: a value could be kept.
      await rewrite(() => null)
    },
    get: (id) => read(entryName(id)),
    read,
    async others(id) {
      return otherUses(id, (await entriesNow()).keys())
    },
    async set(id, value) {
      await rewrite((entries) => new Map(entries).set(entryName(id), value.reveal()))
      // Equal bytes come out of `last`, and whatever else is there now is decrypted anew.
      if ((await read(entryName(id)))?.equals(value) !== true)
        throw secretPlaceFailed('vault', `${path} does not have the secret that was just written into it`, [
          {text: 'See whether another program writes the file, then run the command again.'},
        ])
    },
    async delete(id) {
      let found = false
      await rewrite((entries) => {
        const rest = new Map(entries)
        found = rest.delete(entryName(id))
        return found ? rest : null
      })
      return found
    },
  }
}

type Entries = ReadonlyMap<string, string>

const KEY_FIXES: readonly Fix[] = [
  {text: 'A passphrase in a file, best:', command: 'export POSTDESK_VAULT_PASSPHRASE_FILE=/run/secrets/vault'},
  {
    text: 'Or an age identity, made once and kept elsewhere than the vault:',
    command: 'age-keygen -o vault.key && export POSTDESK_VAULT_IDENTITY_FILE=$PWD/vault.key',
  },
  {text: 'Or the passphrase itself in POSTDESK_VAULT_PASSPHRASE, from the secrets of your CI.'},
]

async function readKey(
  passphrase: Secret | null,
  files: {readonly passphrase: string | undefined; readonly identity: string | undefined},
  warn: (text: string) => void,
): Promise<VaultKey> {
  const given = [
    passphrase === null ? undefined : 'POSTDESK_VAULT_PASSPHRASE',
    files.passphrase ? 'POSTDESK_VAULT_PASSPHRASE_FILE' : undefined,
    files.identity ? 'POSTDESK_VAULT_IDENTITY_FILE' : undefined,
  ].filter((name) => name !== undefined)
  if (given.length > 1)
    throw notConfigured('The vault', `${given.join(' and ')} are set, and only one key opens it`, [
      {text: 'Unset the others.'},
    ])
  if (passphrase !== null) return {kind: 'passphrase', secret: passphrase}
  if (files.passphrase) return {kind: 'passphrase', secret: await readSecretFile(files.passphrase, warn)}
  if (files.identity) return {kind: 'identity', secret: await readIdentity(files.identity, warn)}
  throw notConfigured('The vault', 'neither a passphrase nor an age identity is given', KEY_FIXES)
}

async function readIdentity(path: string, warn: (text: string) => void): Promise<Secret> {
  const text = (await readSecretFile(path, warn)).reveal()
  // As age-keygen writes it: comments, and one key a line.
  const [identity, ...others] = text.split(/\r?\n/).filter((line) => line.startsWith('AGE-SECRET-KEY-'))
  if (identity === undefined || others.length > 0)
    throw notConfigured('The vault', `${path} holds ${others.length === 0 ? 'no' : 'more than one'} age identity`, [
      {text: 'It must hold one line that begins with AGE-SECRET-KEY-1:', command: `age-keygen -o '${path}'`},
    ])
  return new Secret(identity)
}

async function encrypt(entries: Entries, {kind, secret}: VaultKey, scryptLogN: number): Promise<Buffer> {
  const {Encrypter, identityToRecipient} = await import('age-encryption')
  const encrypter = new Encrypter()
  if (kind === 'identity') encrypter.addRecipient(await identityToRecipient(secret.reveal()))
  else {
    encrypter.setPassphrase(secret.reveal())
    encrypter.setScryptWorkFactor(scryptLogN)
  }
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
  return Buffer.from(await encrypter.encrypt(JSON.stringify(Object.fromEntries(sorted), null, 2) + '\n'))
}

async function decrypt(path: string, bytes: Buffer, {kind, secret}: VaultKey): Promise<Entries> {
  const stanzas = recipientTypes(bytes)
  if (stanzas.length === 0) throw secretPlaceClosed('vault', `${path} is not an age file, or it is damaged`, [RESTORE])
  const made = stanzas.includes('scrypt') ? 'passphrase' : 'identity'
  if (made !== kind)
    throw secretPlaceClosed('vault', `${path} was encrypted with ${AN[made]}, and ${AN[kind]} is given`, KEY_FIXES)
  const {Decrypter} = await import('age-encryption')
  let text: string
  try {
    const decrypter = new Decrypter()
    if (kind === 'passphrase') decrypter.addPassphrase(secret.reveal())
    else decrypter.addIdentity(secret.reveal())
    text = await decrypter.decrypt(bytes, 'text')
  } catch (error) {
    const why = /no identity matched/.test(String(error))
      ? `the ${kind} is not the one that ${path} was encrypted with`
      : `${path} is damaged: ${String(error)}`
    throw secretPlaceClosed('vault', why, [{text: `Give the right ${kind}.`}, RESTORE], error)
  }
  return parseEntries(path, text)
}

const AN = {passphrase: 'a passphrase', identity: 'an age identity'} as const

const RESTORE: Fix = {text: 'Or restore the file from a backup; nothing was written to it.'}

function parseEntries(path: string, text: string): Entries {
  const notEntries = () =>
    secretPlaceClosed('vault', `what ${path} holds is not a JSON object of texts`, [
      {text: 'See what it holds; take care that nobody looks on:', command: `age -d '${path}'`},
    ])
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    // Without the parser's error, which quotes the text.
    throw notEntries()
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw notEntries()
  const entries = new Map<string, string>()
  for (const [name, value] of Object.entries(parsed)) {
    if (typeof value !== 'string') throw notEntries()
    entries.set(name, value)
  }
  return entries
}

/** Somebody else's recipient would be dropped without a word, and they with it. */
function refuseOtherReaders(path: string, bytes: Buffer): void {
  if (recipientTypes(bytes).length <= 1) return
  throw secretPlaceClosed('vault', `${path} was encrypted for several recipients; postdesk would leave only its own`, [
    {text: 'Change it with the age tool, or keep a vault of one recipient.'},
  ])
}

/** The types of the recipient stanzas in the header (age-encryption.org/v1, "Header"), without those made to grease. */
function recipientTypes(bytes: Buffer): readonly string[] {
  const text = bytes.toString('latin1')
  if (!text.startsWith('age-encryption.org/v1\n')) return []
  const header = text.slice(0, text.indexOf('\n---'))
  return [...header.matchAll(/^-> (\S+)/gm)].map(([, type = '']) => type).filter((type) => !type.endsWith('-grease'))
}
