import {spawnSync} from 'node:child_process'

/** For `{skip}`: false where the program is installed, else the reason. Where peers are required a missing one fails. */
export function missing(program: string): string | false {
  const {error} = spawnSync(program, ['--version'], {stdio: 'ignore'})
  if (error === undefined) return false
  if (process.env['POSTDESK_REQUIRE_PEERS'] === '1')
    throw new Error(`${program} is not installed, and peers are required`)
  return `${program} is not installed`
}
