/**
 * A secret value that refuses to be printed, and the contract of the places that keep one.
 */
import {inspect} from 'node:util'
import {REDACTED} from '../log.ts'

/** Wraps a secret value. Every way of turning it into text by accident yields `[secret]`; `reveal()` is the only way in. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself. Call it only where the value leaves for its purpose: a login, a write into a secret place. */
  reveal(): string {
    return this.#value
  }

  equals(other: Secret): boolean {
    return this.#value === other.#value
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [inspect.custom](): string {
    return REDACTED
  }
}

/**
 * Under which immutable ids a secret is kept in a place, so that two stores with equal keys never meet.
 * Shown to people as `PORTAL/CHANNEL/FIELD`.
 */
export interface SecretId {
  /** The random id of the store. */
  readonly store: string
  /** What it belongs to inside the store: `<portalId>/<channelId>` or `<portalId>/inbound`. */
  readonly owner: string
  /** `password`, `refresh-token`, `client-secret`. */
  readonly field: string
  /**
   * Fingerprint of what it may be used with (`host:port:security:user`). The store can be written by others: naming
   * another host there must not lead to a value that was given to this machine for the first one.
   */
  readonly usedWith: string
}

/** A place of this machine that keeps copies of secrets. */
export interface SecretPlace {
  readonly kind: 'keychain' | 'vault'
  /** Resolves when a value could be kept now; rejects with a 78 that names the other ways. */
  probe(): Promise<void>
  /** Null where the place works and has no such secret. Rejects where it cannot tell. */
  get(id: SecretId): Promise<Secret | null>
  /** The same secret as it was given for other uses, as far as the place can tell: a keychain cannot. */
  others(id: SecretId): Promise<readonly SecretId[]>
  /** Resolves only after the value was read back and compared. */
  set(id: SecretId, value: Secret): Promise<void>
  /** True if there was one. */
  delete(id: SecretId): Promise<boolean>
}
