/** A directory with its parents, made wherever it may be asked for. */
import {mkdir, stat} from 'node:fs/promises'
import {dirname} from 'node:path'
import {codeOf} from './errors.ts'

/**
 * Makes it with this mode, and its parents where they are missing; one that is there stays as it is. Rejects with the
 * system's error. Node's own recursive `mkdir` never comes back where a parent is there and yet the system says ENOENT,
 * as Linux does below /proc.
 */
export async function makeDirectory(path: string, mode: number): Promise<void> {
  const parent = dirname(path)
  try {
    await mkdir(path, {mode})
    return
  } catch (error) {
    if (await isDirectory(path)) return
    if (codeOf(error) !== 'ENOENT' || parent === path) throw error
  }
  await makeDirectory(parent, mode)
  try {
    await mkdir(path, {mode})
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!(await isDirectory(path))) throw error
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (codeOf(error) === '') throw error
    return false
  }
}
