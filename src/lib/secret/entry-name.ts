import type {SecretId} from './secret.ts'

/** The one text under which a vault and the bindings keep a secret. Only `owner` may hold a `/`: it stays unambiguous. */
export function entryName({store, owner, field}: SecretId): string {
  return `${store}/${owner}/${field}`
}
