/** Compiled code is kept between runs: the next start is a quarter shorter. */
import {statSync} from 'node:fs'
import {enableCompileCache} from 'node:module'
import {dirname, join} from 'node:path'
import {findPaths} from './paths.ts'

/**
 * Only in the user's own cache directory: under `sudo` the home can be another user's, and an MTA's pipe may have none.
 * NODE_COMPILE_CACHE=DIR chooses another directory, NODE_DISABLE_COMPILE_CACHE=1 keeps nothing; Node obeys both by itself.
 */
export function keepCompiledCode(): void {
  const {cache} = findPaths()
  if (belongsToUser(cache) || belongsToUser(dirname(cache)) || belongsToUser(dirname(dirname(cache))))
    enableCompileCache(join(cache, 'compiled'))
}

function belongsToUser(directory: string): boolean {
  const found = statSync(directory, {throwIfNoEntry: false})
  return found !== undefined && (process.getuid === undefined || found.uid === process.getuid())
}
