/** Where a store is: `sqlite:PATH` or `postgres://…`. */
import {resolve} from 'node:path'
import {secretOnCommandLine, usage} from '../errors.ts'

export type StoreLocation =
  {readonly kind: 'sqlite'; readonly path: string} | {readonly kind: 'postgres'; readonly url: string}

/**
 * Reads a store URL. A plain path is taken for SQLite.
 * @throws 64 for another scheme, and for a password on the command line.
 */
export function parseStoreUrl(text: string, {onCommandLine}: {readonly onCommandLine: boolean}): StoreLocation {
  if (/^postgres(ql)?:\/\//.test(text)) {
    let url: URL
    try {
      url = new URL(text)
    } catch {
      throw usage('--store is not a valid URL', [{text: 'Write it as postgres://USER@HOST:PORT/DATABASE'}])
    }
    if (onCommandLine && (url.password !== '' || url.searchParams.has('password')))
      throw secretOnCommandLine('--store', 'PGPASSFILE=~/.pgpass postdesk --store postgres://USER@HOST/DATABASE …')
    return {kind: 'postgres', url: text}
  }
  const path = text.startsWith('sqlite:') ? text.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '') : text
  if (path === '' || /^[a-z][a-z0-9+.-]+:\/\//i.test(path))
    throw usage(`--store does not understand "${text.split('@').at(-1)}"`, [
      {text: 'Write it as sqlite:PATH or postgres://USER@HOST:PORT/DATABASE'},
    ])
  return {kind: 'sqlite', path: resolve(path)}
}

/** The location as it may be shown: without a password. */
export function displayLocation(location: StoreLocation): string {
  if (location.kind === 'sqlite') return `sqlite:${location.path}`
  const url = new URL(location.url)
  url.password = ''
  url.searchParams.delete('password')
  return url.href
}
