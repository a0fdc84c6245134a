import {createRequire} from 'node:module'
import type iconvLite from 'iconv-lite'

let library: typeof iconvLite | null = null

/** iconv-lite, loaded with the first charset that Node does not know: it would take 8 ms of every start. */
export function iconv(): typeof iconvLite {
  library ??= createRequire(import.meta.url)('iconv-lite') as typeof iconvLite
  return library
}
