/** The secrets that a store uses, by the names people give them, and where this machine has their values. */
import {notFound, PostdeskError, secretUnresolved, usage} from './errors.ts'
import {fingerprintOf} from './secret/entry-name.ts'
import {formatSecretRef, type SecretRef} from './secret/secret-ref.ts'
import type {Secret, SecretId, SecretPlace} from './secret/secret.ts'
import {
  GIVEN_FOR_ANOTHER,
  otherUsesHere,
  readSecretRef,
  resolveSecret,
  type SecretSources,
} from './secret/resolve-secret.ts'
import {listChannels} from './store/channels.ts'
import type {Store} from './store/open.ts'
import {storeId, type PortalRow} from './store/portals.ts'
import {listSecrets} from './store/secrets.ts'

/** A secret that the store knows of. */
export interface NamedSecret {
  /** `PORTAL/CHANNEL/FIELD` */
  readonly name: string
  readonly id: SecretId
  /** What it may be used with, such as `host:port:security:user`. */
  readonly boundTo: string
}

/** A secret as it was given: a value to keep a copy of, or a reference to keep. */
export type SecretInput =
  {readonly kind: 'copy'; readonly value: Secret} | {readonly kind: 'reference'; readonly ref: SecretRef}

/** Where this machine has a secret. */
export interface SecretSummary {
  readonly name: string
  /** What it may be used with. */
  readonly boundTo: string
  /** The reference it is bound to, the place that keeps a copy, or null where this machine has none. */
  readonly source: string | null
  /** Why it cannot be resolved; null where it can, or was not tried. */
  readonly problem: string | null
}

/** Those that a portal uses. That of a channel is kept under its id, and shown with its address. */
export async function namedSecrets(store: Store, portal: PortalRow): Promise<NamedSecret[]> {
  const id = await storeId(store.db)
  const addresses = new Map((await listChannels(store.db, portal.id)).map((row) => [String(row.id), row.address]))
  return (await listSecrets(store.db, portal.id)).map((row) => ({
    name: `${portal.key}/${addresses.get(row.owner) ?? row.owner}/${row.field}`,
    id: {store: id, owner: `${portal.id}/${row.owner}`, field: row.field, usedWith: fingerprintOf(row.bound_to)},
    boundTo: row.bound_to,
  }))
}

/** Those with these names, or all where none is named. @throws 67 for an unknown name. */
export function pickSecrets(all: readonly NamedSecret[], names: readonly string[]): readonly NamedSecret[] {
  if (names.length === 0) return all
  return names.map((name) => {
    const found = all.find((secret) => secret.name === name)
    if (!found)
      throw notFound(
        'secret',
        name,
        [],
        [
          {
            text:
              all.length === 0 ? 'No secret is in use.' : `In use are: ${all.map((secret) => secret.name).join(', ')}.`,
          },
        ],
      )
    return found
  })
}

/** Where each secret is, without reading its value from a binding. */
export async function summariseSecrets(
  secrets: readonly NamedSecret[],
  sources: SecretSources,
): Promise<SecretSummary[]> {
  const summaries: SecretSummary[] = []
  for (const {name, id, boundTo} of secrets) {
    const ref = await sources.bindings.get(id)
    if (ref) summaries.push({name, boundTo, source: formatSecretRef(ref), problem: null})
    else {
      try {
        const there = (await sources.place.get(id)) !== null
        summaries.push({
          name,
          boundTo,
          source: there ? sources.place.kind : null,
          problem: there
            ? null
            : (await otherUsesHere(id, sources)).length > 0
              ? GIVEN_FOR_ANOTHER
              : 'this machine has no value',
        })
      } catch (error) {
        if (!(error instanceof PostdeskError)) throw error
        summaries.push({name, boundTo, source: null, problem: `${error.title}: ${error.why}`})
      }
    }
  }
  return summaries
}

/** Resolves each secret as a channel would. */
export async function verifySecrets(secrets: readonly NamedSecret[], sources: SecretSources): Promise<SecretSummary[]> {
  const summaries: SecretSummary[] = []
  for (const secret of secrets) {
    const {name, id, boundTo} = secret
    const ref = await sources.bindings.get(id)
    const source = ref ? formatSecretRef(ref) : sources.place.kind
    try {
      await resolveSecret(id, name, sources)
      summaries.push({name, boundTo, source, problem: null})
    } catch (error) {
      if (!(error instanceof PostdeskError)) throw error
      summaries.push({name, boundTo, source: ref ? source : null, problem: error.why})
    }
  }
  return summaries
}

/** Keeps a copy in the secret place. A binding would hide it, so that goes. */
export async function setSecret(secret: NamedSecret, value: Secret, sources: SecretSources): Promise<void> {
  sources.redactor.register(value.reveal())
  await sources.place.set(secret.id, value)
  await sources.bindings.delete(secret.id)
}

/** Keeps a reference. Returns why it leads nowhere now; null where it works. */
export async function bindSecret(secret: NamedSecret, ref: SecretRef, sources: SecretSources): Promise<string | null> {
  await sources.bindings.set(secret.id, ref)
  try {
    await readSecretRef(ref, secret.name, sources)
    return null
  } catch (error) {
    if (error instanceof PostdeskError) return error.why
    throw error
  }
}

/** Keeps it on this machine. False where it was kept already. */
export async function keepSecretInput(
  secret: NamedSecret,
  input: SecretInput,
  sources: SecretSources,
): Promise<boolean> {
  if (await isKept(secret.id, input, sources)) return false
  if (input.kind === 'copy') await setSecret(secret, input.value, sources)
  else {
    const problem = await bindSecret(secret, input.ref, sources)
    if (problem !== null) sources.warn(`The reference for ${secret.name} leads nowhere now: ${problem}`)
  }
  return true
}

/** True where this machine finds the secret by that reference, or keeps that very value. */
async function isKept(id: SecretId, input: SecretInput, {bindings, place}: SecretSources): Promise<boolean> {
  const bound = await bindings.get(id)
  if (input.kind === 'reference') return bound !== null && formatSecretRef(bound) === formatSecretRef(input.ref)
  return bound === null && (await place.get(id))?.equals(input.value) === true
}

/**
 * What this machine has under `from`, or else for another use, is used with `secret` from then on; the old one stays until
 * it is forgotten.
 * False where it had it already. @throws 78 where it has none.
 */
export async function keepSecretOf(
  from: readonly SecretId[],
  secret: NamedSecret,
  sources: SecretSources,
): Promise<boolean> {
  const {bindings, place, redactor} = sources
  if ((await bindings.get(secret.id)) !== null) return false
  for (const id of [...from, ...(await bindings.others(secret.id))]) {
    const ref = await bindings.get(id)
    if (ref === null) continue
    await bindings.set(secret.id, ref)
    return true
  }
  if ((await place.get(secret.id)) !== null) return false
  for (const id of [...from, ...(await place.others(secret.id))]) {
    const value = await place.get(id)
    if (value === null) continue
    redactor.register(value.reveal())
    await place.set(secret.id, value)
    return true
  }
  throw secretUnresolved(secret.name, 'this machine has none that could be kept')
}

/**
 * This machine keeps neither a reference nor a copy from then on, for this use and any other. Returns why a copy may be
 * left; null for none.
 */
export async function forgetSecret(id: SecretId, sources: SecretSources): Promise<string | null> {
  return forget([id], id, sources)
}

/** As above for the uses before `id`, of which `known` are those that were known of. */
export async function forgetOtherUses(
  id: SecretId,
  known: readonly SecretId[],
  sources: SecretSources,
): Promise<string | null> {
  return forget(
    known.filter(({usedWith}) => usedWith !== id.usedWith),
    id,
    sources,
  )
}

/** This machine has nothing for this one use from then on; what it has for others stays. */
export async function forgetThisUse(id: SecretId, {bindings, place}: SecretSources): Promise<void> {
  if (!(await bindings.delete(id))) await place.delete(id)
}

async function forget(
  ids: readonly SecretId[],
  id: SecretId,
  {bindings, place}: SecretSources,
): Promise<string | null> {
  let wasBound = false
  for (const bound of [...ids, ...(await bindings.others(id))]) wasBound = (await bindings.delete(bound)) || wasBound
  try {
    for (const copy of [...ids, ...(await place.others(id))]) await place.delete(copy)
    return null
  } catch (error) {
    // Where a reference was kept there need be no place, and no copy.
    if (error instanceof PostdeskError) return wasBound || ids.length === 0 ? null : error.why
    throw error
  }
}

/**
 * Moves copies to the other place: written there and read back before the old copy goes. References stay.
 * Returns the names that were moved.
 */
export async function moveSecrets(
  secrets: readonly NamedSecret[],
  to: SecretPlace['kind'],
  sources: SecretSources,
): Promise<string[]> {
  const [from, target] = [sources.openPlace(to === 'vault' ? 'keychain' : 'vault'), sources.openPlace(to)]
  await target.probe()
  const moved: string[] = []
  for (const {id, name} of secrets) {
    const value = await from.get(id)
    if (value === null) continue
    sources.redactor.register(value.reveal())
    await target.set(id, value)
    await from.delete(id)
    moved.push(name)
  }
  return moved
}

/** The portal part of a name. @throws 64 where it is not `PORTAL/CHANNEL/FIELD`. */
export function portalOfSecret(name: string): string {
  // The address of a channel may hold a `/` itself (RFC 5322 3.2.3).
  const portal = /^([^/]+)\/.+\/[^/]+$/s.exec(name)?.[1]
  if (portal === undefined)
    throw usage(`"${name}" is not the name of a secret`, [
      {text: 'Write it as PORTAL/CHANNEL/FIELD, such as acme/inbound/password.'},
    ])
  return portal
}
