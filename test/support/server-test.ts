/** Tests a server as `postdesk email test --host` does, in this process, and shows what came of it in all its forms. */
import assert from 'node:assert/strict'
import {setTimeout as sleep} from 'node:timers/promises'
import {Chalk} from 'chalk'
import {errorBody} from '../../src/lib/cli/envelope.ts'
import {junit} from '../../src/lib/cli/junit.ts'
import {renderVerdict} from '../../src/lib/cli/render-verdict.ts'
import {safeJson} from '../../src/lib/cli/safe-text.ts'
import type {Style} from '../../src/lib/cli/style.ts'
import {createTestProgress} from '../../src/lib/cli/test-progress.ts'
import {systemClock} from '../../src/lib/clock.ts'
import type {ResolverAddress} from '../../src/lib/dns/resolver.ts'
import {createLoginTurns} from '../../src/lib/email-test/login-turns.ts'
import {checkNamedServer, namedLadder, type NamedServer} from '../../src/lib/email-test/named-server.ts'
import {type EmailTestReport, reportOf} from '../../src/lib/email-test/report.ts'
import {runLadders} from '../../src/lib/email-test/run-ladders.ts'
import type {TestRun} from '../../src/lib/email-test/run.ts'
import {PostdeskError} from '../../src/lib/errors.ts'
import {createLog, createRedactor} from '../../src/lib/log.ts'
import {Secret} from '../../src/lib/secret/secret.ts'
import {assertSchema} from './validate.ts'

export interface ServerQuestion extends Partial<Omit<NamedServer, 'host'>> {
  readonly host: string
  readonly port: number
  readonly password?: string
  /** PEM of the only authority to trust. */
  readonly ca?: string | null
  /** The only one that is asked. */
  readonly resolver: ResolverAddress
  /** To whom a message is really sent. */
  readonly sendTo?: string
  /** That of `--timeout`, in milliseconds. */
  readonly timeoutMs?: number
}

export interface ServerTest {
  readonly report: EmailTestReport
  /** The envelope that `--json` prints; it fits the schema. */
  readonly json: string
  /** What a person reads: the stages, the transcript, and the verdict. */
  readonly text: string
  readonly junit: string
  /** All three, and what `--debug` tells: nothing of it was blanked out by who prints it. */
  readonly everything: string
}

const PLAIN: Style = {colour: new Chalk({level: 0}), width: null}

/** What was refused before is no part of this. */
const FORGETFUL: TestRun['refused'] = {
  recall: () => Promise.resolve(null),
  remember: () => Promise.resolve(),
  forget: () => Promise.resolve(),
}

export async function testServer(question: ServerQuestion): Promise<ServerTest> {
  const {password, ca = null, resolver, sendTo = null, timeoutMs = 5000, ...said} = question
  const server: NamedServer = {family: null, ...said}
  let told = ''
  let logged = ''
  const progress = createTestProgress((text) => (told += text), PLAIN, {several: false, live: false})
  const run: TestRun = {
    clock: systemClock,
    log: createLog((line) => (logged += line), createRedactor()),
    signal: new AbortController().signal,
    resolver,
    deadlines: {connectMs: timeoutMs, replyMs: timeoutMs},
    only: null,
    until: null,
    strict: false,
    requireDomainAuth: false,
    ca,
    tlsName: null,
    sendTo,
    roundTripMs: null,
    refused: FORGETFUL,
    logins: createLoginTurns(),
    triesAgain: () => Promise.resolve(true),
    onBegin: (target, id) => progress.begin(target, id),
    onStage: (target, stage) => progress.stage(target, stage),
    onTranscript: (target, line) => progress.transcript(target, line),
    onEnd: (target) => progress.end(target),
  }
  checkNamedServer(server, sendTo !== null)
  const ladder = await namedLadder(server, password === undefined ? null : new Secret(password), run)
  const [result] = await runLadders([ladder], run)
  assert.ok(result)
  const report = reportOf(result, {transcript: true})
  const shown = {
    json: safeJson(envelopeOf(report)),
    text: told + renderVerdict(report.verdict, PLAIN),
    junit: junit([report], {strict: false}),
  }
  assertSchema(['email', 'test'], JSON.parse(shown.json))
  return {report, ...shown, everything: Object.values({...shown, logged}).join('\n')}
}

function envelopeOf(result: EmailTestReport) {
  const {verdict} = result
  return {
    ok: verdict.status !== 'fail',
    exitCode: verdict.exitCode,
    result,
    ...(verdict.status === 'fail' ? {error: errorBody(new PostdeskError(verdict))} : {}),
    warnings: [],
    nextSteps: [],
  }
}

/** Every form in which a server could repeat a password: by itself, in a login, and as URLs and JSON write it. */
export function formsOf(user: string, password: string): readonly string[] {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  return [
    password,
    base64(password).replace(/=+$/, ''),
    Buffer.from(password).toString('base64url'),
    base64(`\0${user}\0${password}`),
    base64(`\0${user}\0${password}`).replace(/=+$/, ''),
    encodeURIComponent(password),
    escapeQuoted(password),
    escapeQuoted(escapeQuoted(password)),
  ]
}

/** As JSON writes it, and a quoted string of IMAP. */
const escapeQuoted = (text: string) => JSON.stringify(text).slice(1, -1)

/** As XML writes it. */
const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

/** Nothing that was shown has the password, in any form. */
export function assertSecret(
  shown: string,
  {user, password}: {readonly user: string; readonly password: string},
): void {
  for (const form of [...formsOf(user, password), escapeXml(password)]) {
    const at = shown.indexOf(form)
    assert.equal(at, -1, `the password is shown: …${shown.slice(Math.max(0, at - 200), at + 200)}…`)
  }
}

/** The words of a login, in the commands that a server was told; IMAP's without tags. */
export const loginsIn = (commands: readonly string[]): readonly string[] =>
  commands.filter((command) => /^(?:AUTH|AUTHENTICATE|LOGIN)\b/i.test(command))

/** Waits until a server has no connection open any more. */
export async function assertAllClosed(open: () => number): Promise<void> {
  for (let left = 200; open() > 0 && left > 0; left--) await sleep(10)
  assert.equal(open(), 0, 'a connection is still open')
}
