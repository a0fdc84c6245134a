/** Secrets for many targets at once, from places that answer one after the other, and may wait for a person. */
import type {SecretSources} from '../secret/resolve-secret.ts'
import type {SecretPlace} from '../secret/secret.ts'
import {createLimit} from './limit.ts'

/**
 * The sources of a run, for callers side by side. A place is asked for one thing at a time: it answers in turn all the
 * same, and who waits in its queue would count against its deadline. One that has failed is not asked again: it is locked,
 * or hangs for seconds, for every secret.
 */
export function carefulSecrets(sources: SecretSources): SecretSources {
  const inTurn = createLimit(1)
  const failures = new Map<SecretPlace['kind'], unknown>()
  const ask = <T>(kind: SecretPlace['kind'], question: () => Promise<T>): Promise<T> =>
    inTurn(async () => {
      if (failures.has(kind)) throw failures.get(kind)
      try {
        return await question()
      } catch (error) {
        failures.set(kind, error)
        throw error
      }
    })
  const {place} = sources
  return {
    ...sources,
    place: {
      ...place,
      get: (id) => ask(place.kind, () => place.get(id)),
      others: (id) => ask(place.kind, () => place.others(id)),
    },
    openPlace(kind) {
      const opened = sources.openPlace(kind)
      return {...opened, read: (entry) => ask(kind, () => opened.read(entry))}
    },
  }
}
