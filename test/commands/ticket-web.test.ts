import assert from 'node:assert/strict'
import {chmod, mkdir, readdir, readFile, stat, symlink, utimes, writeFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {describe, test} from 'node:test'
import {setTimeout} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'
import type {TicketShowResult} from '../../src/commands/ticket/show.ts'
import {startProgram} from '../support/program.ts'
import {postdesk} from '../support/run-postdesk.ts'
import {customerMail} from '../support/seed.ts'
import {STORES} from '../support/stores.ts'

/** No browser, whatever the machine that runs the tests has. */
const NO_BROWSER = {BROWSER: undefined, DISPLAY: undefined, WAYLAND_DISPLAY: undefined}

for (const kind of STORES)
  test(`ticket show --web on ${kind} writes a private page and says where it is`, async (t) => {
    const {deliver, home, store} = await startProgram(t, kind)
    await deliver([customerMail({Subject: 'Hinge'})])
    const env = {...NO_BROWSER, POSTDESK_STORE: store.url}
    const pages = join(home, 'state', 'pages')
    await mkdir(pages, {recursive: true})
    await writeFile(join(pages, 'ticket-1-old.html'), '')
    await utimes(join(pages, 'ticket-1-old.html'), 0, 0)
    const {code, stdout} = await postdesk(['ticket', 'show', '1', '--web'], {home, env})
    assert.equal(code, 0)
    const [name] = await readdir(pages)
    assert.ok(name !== undefined && name !== 'ticket-1-old.html', 'pages of the day before are gone')
    assert.match(stdout, /^Ticket 1 is a page now: .*\nOpen it in a browser: file:\/\/\/.*\nIt is kept for a day/)
    assert.match(await readFile(join(pages, name), 'utf8'), /<title>#1 Hinge<\/title>/)
    assert.equal((await stat(join(pages, name))).mode & 0o777, 0o600)
    const shown = await postdesk(['ticket', 'show', '1', '--web', '--json'], {home, env})
    const {result} = JSON.parse(shown.stdout) as {result: TicketShowResult}
    assert.equal(result.messages.length, 1)
    assert.match(result.page!, /ticket-1-.*\.html$/)
  })

describe('ticket show --web', () => {
  test('writes to a new file, never over one', async (t) => {
    const {deliver, json, run, home} = await startProgram(t, 'sqlite')
    await deliver([customerMail()])
    const file = join(home, 'page.html')
    const {result} = await json<TicketShowResult>(['ticket', 'show', '1', '--web', '--out', file])
    assert.equal(result.page, file)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    const again = await json(['ticket', 'show', '1', '--web', '--out', file])
    assert.deepEqual([again.exitCode, again.error!.code], [73, 'FILE_EXISTS'])
    await symlink(join(home, 'nowhere.html'), join(home, 'link.html'))
    assert.equal((await json(['ticket', 'show', '1', '--web', '--out', join(home, 'link.html')])).exitCode, 73)
    const none = await json(['ticket', 'show', '1', '--web', '--out', join(home, 'no', 'page.html')])
    assert.deepEqual([none.exitCode, none.error!.code], [73, 'CANNOT_WRITE'])
    assert.equal((await json(['ticket', 'show', '1', '--out', file])).exitCode, 64)
    assert.equal((await json(['ticket', 'show', '1', '--web', '--out', '-'])).exitCode, 64)
    assert.equal((await run(['ticket', 'show', '1', '--web', '--raw', '1'])).code, 64)
    assert.equal((await json(['ticket', 'show', '7', '--web'])).exitCode, 67)
  })

  test('opens the browser that is named, and says when it cannot', async (t) => {
    const {deliver, home, store} = await startProgram(t, 'sqlite')
    await deliver([customerMail()])
    const browser = join(home, 'browser')
    await writeFile(
      browser,
      `#!/bin/sh\necho "$@" > '${home}/opened.tmp' && mv '${home}/opened.tmp' '${home}/opened'\n`,
    )
    await chmod(browser, 0o755)
    const env = {...NO_BROWSER, POSTDESK_STORE: store.url, POSTDESK_BROWSER: `${browser} --new-window`}
    const {stdout} = await postdesk(['ticket', 'show', '1', '--web'], {home, env})
    assert.match(stdout, /^Ticket 1 is shown in the browser: /)
    const words = (await eventually(() => readFile(join(home, 'opened'), 'utf8'))).trim().split(' ')
    assert.ok(words.includes('--new-window'))
    const page = fileURLToPath(words.find((word) => word.startsWith('file:'))!)
    assert.equal((await stat(dirname(page))).mode & 0o777, 0o700)
    const missing = {...env, POSTDESK_BROWSER: join(home, 'none')}
    const failed = await postdesk(['ticket', 'show', '1', '--web'], {home, env: missing})
    assert.deepEqual([failed.code, failed.stderr], [0, '! The browser could not be started.\n'])
    assert.match(failed.stdout, /Open it in a browser: file:/)
  })
})

/** What a program beside this one does soon. */
async function eventually<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      return await attempt()
    } catch {
      await setTimeout(50)
    }
  }
  return attempt()
}
