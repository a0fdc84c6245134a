/** A real browser, which looks at what the program made. */
import {existsSync} from 'node:fs'
import type {TestContext} from 'node:test'
import {chromium, type Browser} from 'playwright-core'

/** Debian's. */
const PROGRAM = '/usr/bin/chromium'

/** For `{skip}`: false where the browser is installed, else the reason. Where peers are required a missing one fails. */
export function chromiumMissing(): string | false {
  if (existsSync(PROGRAM)) return false
  if (process.env['POSTDESK_REQUIRE_PEERS'] === '1')
    throw new Error(`${PROGRAM} is not installed, and peers are required`)
  return `${PROGRAM} is not installed`
}

/** Starts the browser for the length of a test. As root it has no sandbox; tests are often run in a container. */
export async function startChromium(t: TestContext): Promise<Browser> {
  const browser = await chromium.launch({executablePath: PROGRAM, args: ['--no-sandbox', '--disable-gpu']})
  t.after(() => browser.close())
  return browser
}
