/** Progress: a bar on a terminal, lines elsewhere, nothing where nothing was asked for. */
import assert from 'node:assert/strict'
import {join} from 'node:path'
import {test} from 'node:test'
import {Chalk} from 'chalk'
import {createProgress, type ProgressState} from '../../src/lib/cli/progress.ts'
import {makeMessage} from '../support/maildir.ts'
import {missing} from '../support/peers.ts'
import {ROOT} from '../support/run-postdesk.ts'
import {startScriptedImap} from '../support/scripted-imap.ts'
import {startSyncDesk, until} from '../support/sync-desk.ts'
import {openTerminal} from '../support/terminal.ts'

/** Everything that a progress writes; `at` sets the clock and updates. */
function recorded({isTTY, width}: {readonly isTTY: boolean; readonly width: number | null}) {
  const written: string[] = []
  let now = 1_000_000
  const stream = {isTTY, write: (text: string | Uint8Array) => written.push(String(text)) > 0}
  const progress = createProgress(stream, {colour: new Chalk({level: 0}), width}, 'messages', () => now)
  return {
    written,
    end: progress.end.bind(progress),
    at(ms: number, state: Partial<ProgressState>) {
      now = 1_000_000 + ms
      progress.update({expected: 1000, taken: 0, bytes: 0, ...state})
    },
  }
}

test('a bar tells how far, how fast and how long still, and leaves nothing behind', () => {
  const bar = recorded({isTTY: true, width: 100})
  bar.at(0, {})
  assert.equal(bar.written.at(-1), `\r\u001B[K${'░'.repeat(24)} 0/1000 messages`)
  bar.at(50, {taken: 10})
  assert.equal(bar.written.length, 1, 'it is not drawn more often than can be seen')
  bar.at(2000, {taken: 250, bytes: 5_000_000})
  assert.equal(
    bar.written.at(-1),
    `\r\u001B[K${'█'.repeat(6)}${'░'.repeat(18)} 250/1000 messages  125/s  2.5 MB/s  6 s left`,
  )
  bar.at(200_000, {taken: 300})
  assert.match(bar.written.at(-1)!, / 300\/1000 messages {2}1\.5\/s .* 7 min 47 s left$/)
  bar.end()
  assert.equal(bar.written.at(-1), '\r\u001B[K')
  bar.end()
  assert.equal(bar.written.length, 4, 'a line that was left is not left again')
})

test('one message is one message', () => {
  const line = recorded({isTTY: false, width: null})
  line.at(0, {expected: 1})
  assert.deepEqual(line.written, ['1 message to fetch\n'])
})

test('a second run has a speed of its own', () => {
  const bar = recorded({isTTY: true, width: 100})
  bar.at(0, {expected: 10})
  bar.end()
  bar.at(60_000, {expected: 100})
  bar.at(61_000, {expected: 100, taken: 50})
  assert.match(bar.written.at(-1)!, /50\/100 messages {2}50\/s/)
})

test('a narrow terminal gets one line, without the bar or cut', () => {
  const longest = (width: number) => {
    const bar = recorded({isTTY: true, width})
    bar.at(0, {})
    bar.at(3000, {taken: 100, bytes: 1e6})
    return bar.written.at(-1)!.replace('\r\u001B[K', '')
  }
  assert.equal(longest(60), '100/1000 messages  33/s  0.3 MB/s  27 s left')
  assert.equal(longest(20), '100/1000 messages  ')
})

test('without a terminal there is a line at the beginning and one now and then', () => {
  const lines = recorded({isTTY: false, width: null})
  lines.at(0, {})
  lines.at(5000, {taken: 100})
  lines.at(10_000, {taken: 200, bytes: 1e6})
  lines.at(15_000, {taken: 300})
  lines.at(20_500, {taken: 400, bytes: 2e6})
  lines.end()
  assert.deepEqual(lines.written, [
    '1000 messages to fetch\n',
    '200/1000 messages  20/s  0.1 MB/s  40 s left\n',
    '400/1000 messages  20/s  0.1 MB/s  31 s left\n',
  ])
})

test('nothing is written where nothing waits', () => {
  for (const isTTY of [true, false]) {
    const progress = recorded({isTTY, width: 80})
    progress.at(0, {expected: 0})
    progress.end()
    assert.deepEqual(progress.written, [])
  }
})

const messages = Array.from({length: 600}, (_, index) => ({uid: index + 1, bytes: makeMessage(index + 1, 500)}))

test('email sync draws a bar on a terminal with rate and remaining time', {skip: missing('script')}, async (t) => {
  const server = await startScriptedImap(t, messages)
  const held: (() => void)[] = []
  server.script.set('UID FETCH', (exchange) => {
    const last = exchange.args.includes('BODY.PEEK[]') && exchange.asked().some(({uid}) => uid === 600)
    // Long enough for the bar to be drawn before the last batch comes.
    setTimeout(() => (last ? held.push(() => exchange.usual()) : exchange.usual()), 200)
  })
  const desk = await startSyncDesk(t, 'sqlite')
  await desk.setImap(server)
  const command = `stty cols 100; exec ${process.execPath} ${join(ROOT, 'bin/run.js')} email sync`
  const env = {...desk.env, POSTDESK_HOME: desk.home, CI: undefined}
  const terminal = openTerminal(t, command, env)
  await terminal.waitFor(/█+░+ [1-9]\d*\/600 messages {2}\d+\/s {2}\d+\.\d MB\/s {2}\d+ s left/)
  ;(await until(() => held.shift() ?? false))()
  await terminal.waitFor(/✓ inbound: 600 messages \(600 new tickets\)/)
  assert.ok(terminal.screen().includes('left\r\u001B[K'), 'the bar is wiped away')

  const quiet = openTerminal(t, `${command} --quiet`, env)
  await quiet.waitFor(/nothing new/)
  assert.ok(!quiet.screen().includes('\u001B[K'))
})

test('email sync prints lines to a pipe, and none with --quiet or --json', async (t) => {
  const server = await startScriptedImap(t, messages.slice(0, 10))
  const desk = await startSyncDesk(t, 'sqlite')
  await desk.setImap(server)
  const lines = await desk.run(['email', 'sync', '--limit', '4'])
  assert.deepEqual([lines.code, lines.stderr], [0, '4 messages to fetch\n'])
  for (const flag of ['--quiet', '--json']) {
    const silent = await desk.run(['email', 'sync', '--limit', '2', flag])
    assert.deepEqual([silent.code, silent.stderr], [0, ''])
  }
})
