/** What `email test` does with its words: which targets, which password, how it is shown. */
import type {Command} from '@oclif/core'
import {STAGE_GROUPS, STAGE_IDS, STAGES, type StageId} from '../channel/stages.ts'
import type {Verdict} from '../diagnosis/verdict.ts'
import type {Ladder} from '../email-test/ladder.ts'
import type {NamedServer} from '../email-test/named-server.ts'
import {warningsOf, type EmailTestReport} from '../email-test/report.ts'
import type {TestRun} from '../email-test/run.ts'
import {interrupted, invalidValue, PostdeskError, usage} from '../errors.ts'
import {nearNames} from '../near-names.ts'
import type {Secret} from '../secret/secret.ts'
import {BaseCommand, type FlagsOf} from './base-command.ts'
import {junit} from './junit.ts'
import {renderVerdict, renderWarnings} from './render-verdict.ts'
import {givesSecret, readSecretOnce, secretWays} from './secret-input.ts'
import {safeLine} from './safe-text.ts'
import {statusWord} from './stage-line.ts'
import type {Style} from './style.ts'
import type {testFlags} from './test-flags.ts'
import {createTestProgress, type TestProgress} from './test-progress.ts'

/** Of several targets: each, and what they come to together. */
export interface EmailTests {
  readonly tests: readonly EmailTestReport[]
  readonly verdict: Verdict
}

/** What a reply of a server means. */
export interface ExplainedReply {
  readonly verdict: Verdict
}

export type EmailTestResult = EmailTestReport | EmailTests | ExplainedReply

/** Waits that nobody asked for to be longer or shorter: servers that keep strangers waiting do so for some 20 s. */
const REPLY_MS = 30_000
/** A host that is there answers in less than a second; a dropped packet is sent again within 3 s, and after that 7 s. */
const CONNECT_MS = 10_000
const ROUND_TRIP_SECONDS = 300

export abstract class TestCommand<T extends typeof Command> extends BaseCommand<T, EmailTestResult> {
  #progress: TestProgress | null = null

  async run(): Promise<EmailTestResult> {
    const {explain, host, all, format} = this.said
    const names = this.targets
    if (format === 'junit' && this.jsonMode)
      throw usage('--format junit and --json exclude each other', [{text: 'Leave one of them out.'}])
    if ([explain !== undefined, host !== undefined, all, names.length > 0].filter(Boolean).length > 1)
      throw usage('addresses, --all, --host and --explain are four ways to say what is tested', [
        {text: 'Give one of them.'},
      ])
    const result = explain === undefined ? await this.#test(names) : await this.#explain(explain)
    const {verdict} = result
    if (verdict.status === 'fail') this.fail(errorOf(verdict))
    else this.exitWith(verdict.exitCode)
    return result
  }

  /** The flags, typed: those of `testFlags`. */
  protected get said(): FlagsOf<typeof Command & {flags: typeof testFlags}> {
    return this.flags as unknown as FlagsOf<typeof Command & {flags: typeof testFlags}>
  }

  protected get targets(): readonly string[] {
    return (this.args as {readonly address?: readonly string[]}).address ?? []
  }

  async #explain(text: string): Promise<ExplainedReply> {
    const {explainPasted} = await import('../email-test/explain-pasted.ts')
    const {readBody} = await import('./read-body.ts')
    const body = text === '-' ? undefined : text
    const pasted = (await readBody({body, 'body-file': undefined}, process.stdin)) ?? ''
    return {verdict: explainPasted(pasted, this.said.provider)}
  }

  async #test(names: readonly string[]): Promise<EmailTestReport | EmailTests> {
    const {runLadders} = await import('../email-test/run-ladders.ts')
    const {reportOf, togetherOf} = await import('../email-test/report.ts')
    const stop = this.stopOnSignal()
    try {
      const run = await this.#run(stop.signal)
      const ladders = this.said.host === undefined ? await this.#ladders(names, run) : [await this.#named(run)]
      refuseNoStage(ladders, run)
      const several = this.said.all || names.length > 1
      this.#progress = createTestProgress((text) => this.print(process.stderr, text), this.style(process.stderr), {
        several,
        live: process.stderr.isTTY,
      })
      const {transcript} = this.said
      const reports = (await runLadders(ladders, run)).map((result) => reportOf(result, {transcript}))
      return several ? {tests: reports, verdict: togetherOf(reports, run)} : reports[0]!
    } catch (error) {
      throw stop.signal.aborted ? interrupted(stop.reason()) : error
    }
  }

  async #run(signal: AbortSignal): Promise<TestRun> {
    const [{resolverAddress}, {openRefusedPasswords}, {readAuthority}, {createLoginTurns}, {createLimit}] = [
      await import('./resolver-address.ts'),
      await import('../refused-passwords.ts'),
      await import('../email-test/named-server.ts'),
      await import('../email-test/login-turns.ts'),
      await import('../email-test/limit.ts'),
    ]
    const inTurn = createLimit(1)
    const {said} = this
    const ms = said.timeout === undefined ? undefined : said.timeout * 1000
    const shows = (show: (progress: TestProgress) => void) => {
      if (this.showsProgress && said.format === 'text' && this.#progress) show(this.#progress)
    }
    return {
      clock: this.clock,
      log: this.log_,
      signal,
      resolver: resolverAddress(process.env),
      deadlines: {connectMs: ms ?? CONNECT_MS, replyMs: ms ?? REPLY_MS},
      only: said.only === undefined ? null : new Set(said.only.map(checkOnly)),
      until: said.until === undefined ? null : checkUntil(said.until),
      strict: said.strict,
      requireDomainAuth: said['require-domain-auth'],
      ca: said['ca-file'] === undefined ? null : await readAuthority(said['ca-file']),
      tlsName: said['tls-name'] ?? null,
      sendTo: said.send ? (said.to ?? null) : null,
      roundTripMs: said.roundtrip ? (said.wait ?? ROUND_TRIP_SECONDS) * 1000 : null,
      refused: openRefusedPasswords(this.paths.state, this.clock, this.log_),
      logins: createLoginTurns(),
      // One question after the other.
      triesAgain: (login, at) => inTurn(() => this.#triesAgain(login, at)),
      onBegin: (target, id) => shows((progress) => progress.begin(target, id)),
      onStage: (target, stage) => shows((progress) => progress.stage(target, stage)),
      onTranscript: (target, line) => {
        this.log_('wire', {target, ...line})
        if (said.transcript) shows((progress) => progress.transcript(target, line))
      },
      onEnd: (target) => shows((progress) => progress.end(target)),
    }
  }

  async #ladders(names: readonly string[], run: TestRun): Promise<readonly Ladder[]> {
    if (givesSecret(secretWays('password', this.flags)))
      throw usage('a password is given for a server that --host names; that of an address is kept', [
        {text: 'Give the address another one:', command: 'postdesk email update ADDRESS --password-stdin'},
      ])
    const {allTargets, portalLadders} = await import('../email-test/portal-ladders.ts')
    if (!this.said.all && names.length === 0 && !this.interactive)
      this.refuseMissing(
        ['ADDRESS'],
        [{text: 'Or test everything: --all. Or a server without a channel: --host HOST.'}],
      )
    const desk = {store: await this.store(), portal: await this.portal(), secrets: await this.secrets()}
    const everything = await allTargets(desk)
    if (this.said.all) return portalLadders(everything, desk, run)
    const asked =
      names.length > 0
        ? names
        : [
            await this.offer({
              flag: 'ADDRESS',
              message: 'Which address?',
              choices: () => Promise.resolve(everything.map((value) => ({value}))),
            }),
          ]
    return portalLadders([...new Set(asked)], desk, run)
  }

  async #named(run: TestRun): Promise<Ladder> {
    const {checkNamedServer, namedLadder} = await import('../email-test/named-server.ts')
    const {said} = this
    const server: NamedServer = {
      host: said.host!,
      protocol: said.protocol,
      port: said.port,
      security: said.security,
      user: said.user,
      mechanism: said.auth,
      provider: said.provider,
      from: said.from,
      to: said.to,
      ehloName: said['ehlo-name'],
      family: said.ipv4 ? 4 : said.ipv6 ? 6 : null,
    }
    checkNamedServer(server, said.send)
    return namedLadder(server, await this.#password(), run)
  }

  /** Given for this run alone: nothing is kept of it. */
  async #password(): Promise<Secret | null> {
    const ways = secretWays('password', this.flags)
    const {user} = this.said
    if (user === undefined) {
      if (!givesSecret(ways)) return null
      throw usage('a password is for somebody: --user is missing', [{text: 'Name the user: --user NAME.'}])
    }
    if (!givesSecret(ways)) {
      if (!this.interactive) this.refuseMissing(['--password-stdin'])
      this.notePrompted('--password-stdin')
    }
    return readSecretOnce(ways, `Password of ${user} (used once, kept nowhere)`, await this.secrets())
  }

  async #triesAgain({user, host}: {readonly user: string; readonly host: string}, at: string): Promise<boolean> {
    const minutes = Math.max(1, Math.round((Date.parse(this.clock.now()) - Date.parse(at)) / 60_000))
    const said = `This password of ${user} was refused by ${host} ${minutes} min ago; every refusal counts towards a lock.`
    if (this.interactive && !this.flags.yes) {
      const {confirm} = await import('./prompts.ts')
      return confirm(`${said} Try it again?`)
    }
    this.warning(`${said} It is tried again.`)
    return true
  }

  protected render(result: EmailTestResult, style: Style): string {
    if (this.said.format === 'junit' && 'target' in result) return junit([result], this.said)
    if (this.said.format === 'junit' && 'tests' in result) return junit(result.tests, this.said)
    if ('stages' in result && result.verdict.status === 'warn') return renderWarnings(warningsOf(result), style)
    if (!('tests' in result)) return `${renderVerdict(result.verdict, style)}${this.#again(result.verdict, style)}`
    const width = Math.max(...result.tests.map(({target}) => target.length))
    const lines = result.tests.map(
      ({target, verdict}) =>
        `${statusWord(verdict.status, style)}  ${safeLine(target).padEnd(width)}  ${safeLine(verdict.title)}${verdict.status === 'pass' ? '' : style.colour.dim(`  [${verdict.code} · exit ${verdict.exitCode}]`)}\n`,
    )
    return `${lines.join('')}\n${renderVerdict(result.verdict, style)}`
  }

  /** The next command, once it is mended. */
  #again({status}: Verdict, {colour}: Style): string {
    if (status !== 'fail' || this.said.explain !== undefined) return ''
    return `  Then: ${colour.cyan(safeLine(this.commandLine))}\n`
  }

  /** The verdict is the error, and is shown as the result. */
  protected override renderFailure(error: PostdeskError): void {
    if (!(error instanceof VerdictError) || this.said.format === 'junit') super.renderFailure(error)
  }
}

/** A verdict as the error of the command. */
class VerdictError extends PostdeskError {}

/** One that failed; it has the fields of an error. */
function errorOf(verdict: Verdict): VerdictError {
  return new VerdictError(verdict)
}

/** @throws 64 where no target has a stage that was asked for: that would pass without a look. */
function refuseNoStage(ladders: readonly Ladder[], {only}: TestRun): void {
  if (only === null || ladders.length === 0) return
  const ids = ladders.flatMap(({rungs}) => rungs.map(({id}) => id))
  if (ids.some((id) => only.has(id) || only.has(STAGES[id].group))) return
  throw invalidValue(`--only ${[...only].join(',')}`, `no target has it; there are ${[...new Set(ids)].join(', ')}`)
}

const EVERYTHING = [...STAGE_IDS, ...STAGE_GROUPS] as readonly string[]

function checkOnly(word: string): string {
  if (EVERYTHING.includes(word)) return word
  throw unknownStage('--only', word, EVERYTHING)
}

function checkUntil(word: string): StageId {
  const id = STAGE_IDS.find((known) => known === word)
  if (id) return id
  throw unknownStage('--until', word, STAGE_IDS)
}

const unknownStage = (flag: string, word: string, known: readonly string[]) =>
  invalidValue(
    `${flag} ${JSON.stringify(word)}`,
    `use one of ${known.join(', ')}`,
    nearNames(word, known).map((near) => ({text: `Did you mean "${near}"?`})),
  )
