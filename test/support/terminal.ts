/** A program on a terminal of its own: what it does only where somebody sits. */
import {spawn} from 'node:child_process'
import type {TestContext} from 'node:test'

export interface Terminal {
  /** Everything that was printed so far. */
  readonly screen: () => string
  type(keys: string): void
  /** Resolves when what was printed since the last key contains this. @throws after some seconds, with the screen. */
  waitFor(text: string | RegExp): Promise<string>
}

const PATIENCE_MS = 15_000

/** `command` is a command line of /bin/sh. The terminal is made by util-linux's `script`. */
export function openTerminal(
  t: TestContext,
  command: string,
  env: Readonly<Record<string, string | undefined>>,
): Terminal {
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
    env: {...process.env, TERM: 'xterm', ...env},
  })
  t.after(() => child.kill('SIGKILL'))
  let screen = ''
  let seen = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text))
  child.stdin.on('error', () => {})
  return {
    screen: () => screen,
    type(keys) {
      seen = screen.length
      child.stdin.write(keys)
    },
    async waitFor(text) {
      const start = Date.now()
      for (;;) {
        const fresh = plain(screen.slice(seen))
        if (typeof text === 'string' ? fresh.includes(text) : text.test(fresh)) return fresh
        if (Date.now() - start > PATIENCE_MS)
          throw new Error(`waited for ${String(text)}; the terminal shows ${JSON.stringify(fresh)}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
  }
}

/** Without colours, cursor keys and what was overwritten by going back. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control sequences are what is looked for
  let rest = text.replace(/\u001B\[[0-9;?]*[A-Za-z]/g, '')
  for (let before = ''; before !== rest;) {
    before = rest
    // oxlint-disable-next-line no-control-regex -- the backspace
    rest = rest.replace(/[^\u0008]\u0008/g, '')
  }
  return rest
}
