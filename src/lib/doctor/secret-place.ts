/** Where this machine keeps secrets: whether a value that is given there comes back, and the references can be read. */
import {randomUUID} from 'node:crypto'
import {existsSync} from 'node:fs'
import {setTimeout as sleep} from 'node:timers/promises'
import {failed, passed, warned, type Finding} from '../channel/stage.ts'
import {partsOf, PostdeskError, secretPlaceFailed} from '../errors.ts'
import type {SecretSources} from '../secret/resolve-secret.ts'
import {Secret, type SecretId, type SecretPlace} from '../secret/secret.ts'

/** The keychain has five seconds a call; deriving the key of a vault takes about one. */
const PATIENCE_MS = 15_000

/** An entry that no store has, another one each time. */
const ownEntry = (): SecretId => ({store: 'doctor', owner: 'doctor', field: randomUUID(), usedWith: 'doctor'})

/**
 * @param isNeeded resolves to whether a password that is used here is not given by a reference, and must be in the place:
 * where none is, a machine may well have no place.
 */
export async function lookAtSecretPlace(
  sources: SecretSources,
  vaultPath: string,
  isNeeded: () => Promise<boolean>,
): Promise<Finding> {
  const {place} = sources
  const evidence = {place: place.kind}
  // A vault is made with its first secret, and not by looking.
  const isUnused = place.kind === 'vault' && !existsSync(vaultPath)
  try {
    await inTime(isUnused ? place.get(ownEntry()) : tryOut(place), place.kind)
  } catch (error) {
    if (!(error instanceof PostdeskError)) throw error
    if (await isNeeded()) return failed(partsOf(error), evidence)
    return warned(
      {...partsOf(error), why: `${error.why}. Nothing here needs it yet, or all passwords are references`},
      evidence,
    )
  }
  return passed(isUnused ? UNUSED : WORKS[place.kind], evidence)
}

const UNUSED = 'The vault has its key; it is made with the first secret'
const WORKS: Readonly<Record<SecretPlace['kind'], string>> = {
  keychain: 'The keychain keeps a value, and gives it back',
  vault: 'The vault can be opened, and written',
}

/** Only a write tells whether a keychain keeps anything; a vault is a file, which is rewritten whole, a second each time. */
const tryOut = (place: SecretPlace): Promise<void> => (place.kind === 'vault' ? place.probe() : roundTrip(place))

async function roundTrip(place: SecretPlace): Promise<void> {
  const [id, value] = [ownEntry(), new Secret(randomUUID())]
  await place.set(id, value)
  const back = await place.get(id)
  await place.delete(id)
  if (back?.equals(value) === true) return
  throw secretPlaceFailed(
    place.kind,
    back === null ? 'it took a value and did not have it afterwards' : 'it gave back another value than it took',
    [{text: 'Unlock it; or use the other place: --secret-store vault, or keychain.'}],
  )
}

async function inTime(work: Promise<unknown>, kind: SecretPlace['kind']): Promise<void> {
  const late = new AbortController()
  const patience = sleep(PATIENCE_MS, undefined, {signal: late.signal, ref: false}).then(() => {
    throw secretPlaceFailed(kind, `it gave no answer within ${PATIENCE_MS / 1000} s`, [
      {text: 'See whether something waits for a person, or another program holds its file.'},
    ])
  })
  try {
    await Promise.race([work, patience])
  } finally {
    late.abort()
    // It ends by being called off.
    patience.catch(() => {})
  }
}

export async function lookAtBindings({bindings}: SecretSources): Promise<Finding> {
  // Reading any entry reads the whole file.
  await bindings.get(ownEntry())
  return passed('The references of this machine can be read')
}
