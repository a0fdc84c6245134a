/** swaks, which says what it says to a server, and what it hears. */
import {spawn, spawnSync} from 'node:child_process'
import {text} from 'node:stream/consumers'

/** For `{skip}`: false where swaks is installed, and can speak TLS; else the reason. Where peers are required it must. */
export function swaksMissing(): string | false {
  const {error, stdout} = spawnSync('swaks', ['--support'], {encoding: 'utf8'})
  if (error === undefined && stdout.includes('TLS supported')) return false
  const reason = 'swaks with Net::SSLeay is not installed'
  if (process.env['POSTDESK_REQUIRE_PEERS'] === '1') throw new Error(`${reason}, and peers are required`)
  return reason
}

/** Runs it; resolves whatever its exit code, with all that it printed. */
export async function swaks(words: readonly string[]): Promise<{readonly code: number | null; readonly told: string}> {
  const child = spawn('swaks', words, {stdio: ['ignore', 'pipe', 'pipe']})
  const ended = new Promise<number | null>((done, failed) => child.once('error', failed).once('close', done))
  const [code, shown, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  return {code, told: shown + errors}
}

/** The first words of what it said to the server; the lines begin with `->` in clear, and with `~>` in TLS. */
export const saidBySwaks = (told: string): readonly string[] =>
  [...told.matchAll(/^ [-~]> (\w+)/gm)].map(([, word = '']) => word)
