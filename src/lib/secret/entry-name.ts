import {createHash} from 'node:crypto'
import type {SecretId} from './secret.ts'

/** Octets of the digest that are kept: whoever may write the store chooses hosts and users, and must not find another text for it. */
const FINGERPRINT_BYTES = 16

/** What stands in a secret's id for what it may be used with. */
export const fingerprintOf = (boundTo: string): string =>
  createHash('sha256')
    .update(boundTo)
    .digest('hex')
    .slice(0, FINGERPRINT_BYTES * 2)

/** The last part of an entry's name, in every place. */
export const fieldName = ({field, usedWith}: SecretId): string => `${field}@${usedWith}`

/** The one text under which a vault and the bindings keep a secret. Only `owner` may hold a `/`: it stays unambiguous. */
export function entryName(id: SecretId): string {
  return `${id.store}/${id.owner}/${fieldName(id)}`
}

/** Ids among these entries of what was given for the same purpose and another use. */
export function otherUses(id: SecretId, entries: Iterable<string>): SecretId[] {
  const stem = entryName({...id, usedWith: ''})
  return [...entries]
    .filter((entry) => entry.startsWith(stem))
    .map((entry) => ({...id, usedWith: entry.slice(stem.length)}))
    .filter(({usedWith}) => usedWith !== id.usedWith)
}
