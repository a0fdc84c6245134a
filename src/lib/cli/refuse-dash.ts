/** Where a file or a directory is to be written. */
import {invalidValue} from '../errors.ts'

/** @throws 64 for `-`: it would make something of that name, and who writes it means standard output. */
export function refuseDash(path: string, instead: string): void {
  if (path !== '-') return
  throw invalidValue('--out -', 'it does not write to standard output, and something that is named - would be made', [
    {text: instead},
    {text: 'For that very name, write --out ./-'},
  ])
}
