/**
 * What all commands share: the envelope, the exit code, the context (store, portal, clock, log), and the rule when a
 * question may be asked. A command declares its flags, does its work in `run`, and says in `render` how a person reads
 * the result; it never prints by itself.
 */
import {Command, type Interfaces} from '@oclif/core'
import {systemClock, type Clock} from '../clock.ts'
import {
  EXIT,
  invalidValue,
  needsPortalFlag,
  noPortal,
  noSuchStore,
  notFound,
  interrupted,
  missingInput,
  notConfirmed,
  PostdeskError,
  secretOnCommandLine,
  type ExitCode,
  type Fix,
} from '../errors.ts'
import {createLog, createRedactor, silent, type Log} from '../log.ts'
import type {SenderCheck} from '../sender-check.ts'
import type {OutboxRecipient} from '../outbox/items.ts'
import type {SecretSources} from '../secret/resolve-secret.ts'
import type {StoreLocation} from '../store/location.ts'
import type {Store} from '../store/open.ts'
import type {PortalRow} from '../store/portals.ts'
import {choicesOf, type Choices} from './choices.ts'
import {errorBody, type Envelope} from './envelope.ts'
import {exampleOf} from './example-of.ts'
import {globalFlags} from './flags.ts'
import {findPaths, type Paths} from './paths.ts'
import type {Question} from './prompts.ts'
import {renderError} from './render-error.ts'
import {readSettings, type Settings} from './settings.ts'
import {safeJson, safeLine} from './safe-text.ts'
import {shellQuote} from './shell-quote.ts'
import {styleOf, type Style} from './style.ts'
import {toPostdeskError} from './to-postdesk-error.ts'

export type FlagsOf<T extends typeof Command> = Interfaces.InferredFlags<typeof globalFlags & T['flags']>
export type ArgsOf<T extends typeof Command> = Interfaces.InferredArgs<T['args']>

/** A command, and the type of the result that `--json` prints. */
export abstract class BaseCommand<T extends typeof Command, Result> extends Command {
  static override baseFlags = globalFlags
  /** True for commands that change something: in a store of several portals they want the portal named. */
  static changes = false
  /** Exit codes that this command's help explains, beside those of every command. */
  static exitCodes: readonly ExitCode[] = []
  /** Environment variables that this command's help explains, beside those of every command. */
  static environment: readonly string[] = []

  protected flags!: FlagsOf<T>
  protected args!: ArgsOf<T>
  protected readonly clock: Clock = systemClock
  protected readonly redactor = createRedactor()
  protected log_: Log = silent
  protected readonly paths: Paths = findPaths()
  readonly #warnings: string[] = []
  readonly #nextSteps: string[] = []
  /** Flags that were answered at a prompt, for the command line that is shown afterwards. */
  readonly #prompted: string[] = []
  #json = false
  #quiet = false
  #store: Store | undefined
  #portal: PortalRow | undefined
  #secrets: SecretSources | undefined
  #settings: Settings | undefined
  #failure: PostdeskError | undefined
  #exitCode: ExitCode = EXIT.ok

  abstract override run(): Promise<Result>

  /** The result as a person reads it; `''` for nothing. */
  protected abstract render(result: Result, style: Style): string

  // oclif calls this instead of run(); overriding it keeps text and JSON, success and failure in one place.
  override async _run<R>(): Promise<R> {
    this.#json = this.argv.slice(0, endOfFlags(this.argv)).includes('--json')
    process.once('uncaughtException', this.#crash)
    let result: Result | undefined
    try {
      await this.#parse()
      result = await this.run()
    } catch (thrown) {
      this.#fails(thrown)
    }
    try {
      await this.#store?.close()
    } catch (thrown) {
      this.#failure ??= this.translate(thrown)
    }
    this.#finish(result ?? this.partialResult)
    return result as unknown as R
  }

  #fails(thrown: unknown): void {
    this.#failure = this.translate(thrown)
    this.log_('failed', {error: thrown instanceof Error ? thrown.stack : String(thrown)})
  }

  /** What a listener throws nobody catches: it is told as every other failure is, and ends the process. */
  readonly #crash = (thrown: unknown): never => {
    this.#fails(thrown)
    this.#finish(this.partialResult)
    process.exit()
  }

  /** What was done before the failure; printed beside the error. */
  protected partialResult: Result | undefined

  async #parse(): Promise<void> {
    this.#refuseSecrets()
    const {flags, args} = await this.parse({
      flags: this.ctor.flags ?? {},
      baseFlags: globalFlags,
      args: this.ctor.args,
      strict: this.ctor.strict,
    })
    this.flags = flags as FlagsOf<T>
    this.args = args as ArgsOf<T>
    this.#quiet = flags.quiet
    if (flags.debug) this.log_ = createLog((line) => process.stderr.write(line), this.redactor)
  }

  #refuseSecrets(): void {
    const secrets = Object.keys(this.ctor.flags ?? {}).flatMap((flag) => /^(.+)-stdin$/.exec(flag)?.[1] ?? [])
    for (const word of this.argv.slice(0, endOfFlags(this.argv))) {
      const flag = /^--([a-z-]+)(=|$)/.exec(word)?.[1]
      const name = flag === 'pass' || flag === 'pw' ? 'password' : flag
      if (
        name !== undefined &&
        (secrets.includes(name) || ['password', 'secret', 'token', 'client-secret'].includes(name))
      )
        throw secretOnCommandLine(
          `--${flag}`,
          `--${secrets[0] ?? 'password'}-stdin < FILE, --${secrets[0] ?? 'password'}-env VAR, or leave it out and be asked`,
        )
    }
  }

  #finish(result: Result | undefined): void {
    const failure = this.#failure
    const exitCode = failure?.exitCode ?? this.#exitCode
    process.exitCode = exitCode
    if (this.#json) {
      const envelope: Envelope<Result> = {
        ok: exitCode === EXIT.ok || exitCode === EXIT.findings,
        exitCode,
        ...(result === undefined ? {} : {result}),
        ...(failure === undefined ? {} : {error: errorBody(failure)}),
        warnings: this.#warnings,
        nextSteps: this.#nextSteps,
      }
      this.print(process.stdout, `${safeJson(envelope, 2)}\n`)
      return
    }
    if (result !== undefined) this.print(process.stdout, this.render(result, this.style(process.stdout)))
    if (failure) this.renderFailure(failure)
    else if (!this.#quiet) {
      for (const step of this.#nextSteps) this.print(process.stderr, `Next: ${safeLine(step)}\n`)
      if (this.#prompted.length > 0) this.print(process.stderr, `Next time: ${safeLine(this.#equivalent())}\n`)
    }
  }

  /** Whatever was thrown, as an error of the catalogue. */
  protected translate(thrown: unknown): PostdeskError {
    // What a query throws is the store's to explain: a lost connection, a damaged file.
    const explained = thrown instanceof PostdeskError ? null : this.#store?.dialect.explain(thrown, this.#store.where)
    return toPostdeskError(explained ?? thrown, this.ctor)
  }

  /** Shows a failure to a person. */
  protected renderFailure(error: PostdeskError): void {
    this.print(process.stderr, renderError(error, this.style(process.stderr)))
  }

  #equivalent(): string {
    return shellQuote(['postdesk', ...this.id!.split(':'), ...this.argv, ...this.#prompted])
  }

  // For commands ----------------------------------------------------------------------------------------------------

  /** Everything that a command says goes this way: no secret leaves, whoever put it into the text. */
  protected print(stream: NodeJS.WriteStream, text: string): void {
    stream.write(this.redactor.redact(text))
  }

  /** As `print`, for much text in UTF-8. */
  protected printBytes(stream: NodeJS.WriteStream, bytes: Buffer): void {
    stream.write(this.redactor.redactBytes(bytes))
  }

  /** Where colours and the width of a stream come from. */
  protected style(stream: NodeJS.WriteStream): Style {
    return styleOf(stream, {noColour: !(this.flags?.color ?? true)})
  }

  /** True where a person can be asked: both ends are terminals, and nothing forbids it. */
  protected get interactive(): boolean {
    return process.stdin.isTTY && process.stderr.isTTY && !process.env['CI'] && !this.#json && this.flags.input
  }

  protected get jsonMode(): boolean {
    return this.#json
  }

  /** True where progress may be drawn on standard error. */
  protected get showsProgress(): boolean {
    return !this.#quiet && !this.#json
  }

  protected warning(text: string): void {
    this.#warnings.push(text)
    if (!this.#json && !this.#quiet)
      this.print(process.stderr, `${this.style(process.stderr).colour.yellow('!')} ${safeLine(text)}\n`)
  }

  /** What to do next. A command gets the flags that say which store and which secrets this one worked on. */
  protected nextStep(step: string): void {
    const context = ['store', 'store-password-file', 'store-password-env', 'secret-store'] as const
    const given = context.flatMap((flag) => {
      const value = this.flags[flag]
      return value !== undefined && this.argv.some((word) => word.startsWith(`--${flag}`)) ? [`--${flag}`, value] : []
    })
    this.#nextSteps.push(given.length === 0 || !step.startsWith('postdesk ') ? step : `${step} ${shellQuote(given)}`)
  }

  /** The command goes on, prints its result, and exits with the code of this error. */
  protected fail(error: PostdeskError): void {
    this.#failure = error
  }

  /** For the codes that are no failure, such as 2. */
  protected exitWith(code: ExitCode): void {
    this.#exitCode = code
  }

  /**
   * Completes what the command line left out: asks on a terminal, else fails naming every missing flag at once.
   * `given` has the values by the flag or argument that gives them (`--domain`, `KEY`). `alsoMissing` are flags that
   * will be needed too, and are asked for by other means.
   */
  protected async complete<Names extends string>(
    given: Readonly<Record<Names, string | undefined>>,
    questions: Readonly<Record<Names, Omit<Question, 'flag'>>>,
    alsoMissing: readonly string[] = [],
  ): Promise<Record<Names, string>> {
    const names = Object.keys(given) as Names[]
    const missing = names.filter((name) => given[name] === undefined)
    if (missing.length > 0 && !this.interactive) this.refuseMissing([...missing, ...alsoMissing])
    const complete = {...given} as Record<Names, string>
    // Nobody answers a question for a command line that is refused afterwards.
    for (const name of names) {
      const wrong = given[name] === undefined ? null : questions[name].validate?.(given[name])
      if (wrong) throw invalidValue(`${name} ${JSON.stringify(given[name])}`, wrong)
    }
    for (const name of missing) complete[name] = await this.offer({flag: name, ...questions[name]})
    return complete
  }

  /** The command line as it was typed, for a shell. */
  protected get commandLine(): string {
    return shellQuote(['postdesk', ...this.id!.split(':'), ...this.argv])
  }

  /**
   * For what cannot be asked; `others` are ways to do without it.
   * @throws 64 naming every flag and argument, and the command line to complete.
   */
  protected refuseMissing(names: readonly string[], others: readonly Fix[] = []): never {
    const example = exampleOf(names, {...globalFlags, ...this.ctor.flags})
    throw missingInput({missing: names, command: [this.commandLine, ...example].join(' '), asks: true, others})
  }

  /** Asks, and remembers the answer. What has a default is only asked where `asked` is true. */
  protected async offer(question: Question): Promise<string> {
    const {ask} = await import('./prompts.ts')
    const answer = await ask(question)
    this.notePrompted(question.flag, answer)
    return answer
  }

  /** Questions for `complete` that offer what the portal has. */
  protected readonly choose: Choices = choicesOf(
    async () => (await this.store()).db,
    () => this.portal(),
  )

  /** A text of several lines, written in the person's own editor ($VISUAL, $EDITOR). No command line is to say it again. */
  protected async writeText(message: string): Promise<string> {
    const {askText} = await import('./prompts.ts')
    return askText(message)
  }

  /** A yes or no that `flag` would have given; undefined where nothing was asked yet, so that nobody is held up by a default. */
  protected async offerYes(message: string, flag: `--${string}`): Promise<boolean | undefined> {
    if (!this.asked) return undefined
    const {confirm} = await import('./prompts.ts')
    const answer = await confirm(message)
    if (answer) this.notePrompted(flag)
    return answer
  }

  /** Another command takes over, with the words of this one; it prints its own result. */
  protected async runInstead(id: string): Promise<void> {
    const {loadCommand} = await import('./commands.ts')
    const command = await loadCommand(this.config.root, id)
    // Only it knows which secrets it has read.
    process.off('uncaughtException', this.#crash)
    await new command([...this.argv], this.config)._run()
    this.#exitCode = (process.exitCode ?? EXIT.ok) as ExitCode
  }

  /** True once something was asked: a person is there, and may be offered what has a default too. */
  protected get asked(): boolean {
    return this.#prompted.length > 0
  }

  /** Remembers an answer for the command line that is shown at the end. */
  protected notePrompted(name: string, value?: string): void {
    this.#prompted.push(...(name.startsWith('-') ? [name] : []), ...(value === undefined ? [] : [value]))
  }

  /** For what cannot be undone: `--confirm NAME`, or the name typed at a prompt. `--yes` does not replace it. */
  protected async confirmName(what: string, name: string, given: string | undefined): Promise<void> {
    if (given === name) return
    if (given === undefined && this.interactive) {
      const {ask} = await import('./prompts.ts')
      await ask({
        flag: '--confirm',
        message: `This removes ${what}. Type ${name} to go on`,
        validate: (answer) => (answer === name ? null : `Type ${name}, or press Ctrl-C`),
      })
      return
    }
    throw notConfirmed(`Removing ${what}`, `--confirm ${name}`)
  }

  /** A yes or no; `--yes` answers it. Without a terminal the answer is `otherwise`. */
  protected async confirmYes(message: string, otherwise: boolean): Promise<boolean> {
    if (this.flags.yes) return true
    if (!this.interactive) return otherwise
    const {confirm} = await import('./prompts.ts')
    return confirm(message)
  }

  /** The first SIGINT or SIGTERM ends the work in good order, the second ends the process. */
  protected stopOnSignal(): {readonly signal: AbortSignal; reason(): 'SIGINT' | 'SIGTERM'} {
    const controller = new AbortController()
    let reason: 'SIGINT' | 'SIGTERM' = 'SIGINT'
    for (const name of ['SIGINT', 'SIGTERM'] as const)
      process.on(name, () => {
        if (controller.signal.aborted) process.exit(name === 'SIGINT' ? EXIT.sigint : EXIT.sigterm)
        reason = name
        controller.abort()
      })
    return {signal: controller.signal, reason: () => reason}
  }

  // Context ---------------------------------------------------------------------------------------------------------

  protected async settings(): Promise<Settings> {
    return (this.#settings ??= await readSettings(this.paths.config))
  }

  /** Where the store is: `--store`, else POSTDESK_STORE, else the user's setting, else the file in the data directory. */
  protected async storeLocation(): Promise<StoreLocation> {
    const {locateStore} = await import('./locate-store.ts')
    return locateStore({
      flags: this.flags,
      env: process.env,
      settings: await this.settings(),
      dataDirectory: this.paths.data,
      redactor: this.redactor,
    })
  }

  /** The open store; closed when the command ends. A missing SQLite file is only made where `create` is given. */
  protected async store(options: {readonly create?: boolean} = {}): Promise<Store> {
    if (this.#store) return this.#store
    const location = await this.storeLocation()
    if (location.kind === 'sqlite' && !options.create) {
      const {existsSync} = await import('node:fs')
      if (!existsSync(location.path)) {
        // A store that was named and is not there is rather mistyped than empty.
        if (this.flags.store !== undefined || process.env['POSTDESK_STORE']) throw noSuchStore(location.path)
        throw noPortal()
      }
    }
    const {openStore} = await import('../store/open.ts')
    this.#store = await openStore(location)
    return this.#store
  }

  /** The key of the portal that `portal use` chose for this store on this machine. */
  protected async currentPortal(): Promise<string | undefined> {
    const {currentPortal} = await this.settings()
    if (currentPortal === undefined) return undefined
    const {storeId} = await import('../store/portals.ts')
    return currentPortal[await storeId((await this.store()).db)]
  }

  /** Makes a portal the current one of this store on this machine. False where it is that already. */
  protected async useAsCurrent(key: string): Promise<boolean> {
    if ((await this.currentPortal()) === key) return false
    const [{storeId}, {useCurrentPortal}] = [await import('../store/portals.ts'), await import('./settings.ts')]
    await useCurrentPortal(this.paths.config, await storeId((await this.store()).db), key)
    return true
  }

  /** Asks whether senders are to be believed, by the resolver that the environment names. */
  protected async senderCheck(): Promise<SenderCheck> {
    const [{createSenderCheck}, {resolverAddress}] = [
      await import('../sender-check.ts'),
      await import('./resolver-address.ts'),
    ]
    return createSenderCheck({resolver: resolverAddress(process.env), clock: this.clock})
  }

  /** What a secret can come from on this machine. */
  protected async secrets(): Promise<SecretSources> {
    const {secretSources} = await import('./secret-sources.ts')
    return (this.#secrets ??= secretSources({
      paths: this.paths,
      chosen: this.flags['secret-store'],
      env: process.env,
      redactor: this.redactor,
      warn: (text) => this.warning(text),
    }))
  }

  /**
   * Sends a mail that this command has put into the outbox, and says what became of it: a remark where it waits, the failure
   * of the command where somebody has to act.
   */
  protected async sendWritten(message: {
    readonly id: number
    readonly senderId: number
  }): Promise<readonly OutboxRecipient[]> {
    const [{sendNow}, {toldSending}] = [await import('../outbox/send-now.ts'), await import('./told-sending.ts')]
    const [store, portal] = [await this.store(), await this.portal()]
    const stop = this.stopOnSignal()
    stop.signal.addEventListener('abort', () =>
      this.warning('The mail that is on its way is waited for; once more ends it at once.'),
    )
    const secrets = await this.secrets()
    const sent = await sendNow(
      {store, portal, secrets, clock: this.clock, log: this.log_, signal: stop.signal},
      message,
    )
    const {error, remark} = toldSending(sent, portal.key)
    if (remark !== null) this.warning(remark)
    if (error !== null) this.fail(error)
    // Where it has left the command is done, whoever wanted it to end.
    else if (stop.signal.aborted && remark !== null) this.fail(interrupted(stop.reason()))
    return sent.item.recipients
  }

  /**
   * The portal to work on: the one that the command line names, else `--portal` or POSTDESK_PORTAL, else the current one,
   * else the only one.
   */
  protected async portal(named: string | undefined = this.flags.portal): Promise<PortalRow> {
    if (this.#portal) return this.#portal
    const {db} = await this.store()
    const {findPortal, listPortals} = await import('../store/portals.ts')
    if (named !== undefined) {
      const portal = await findPortal(db, named)
      if (!portal) {
        const {nearNames} = await import('../near-names.ts')
        throw notFound(
          'portal',
          named,
          nearNames(
            named,
            (await listPortals(db)).map((row) => row.key),
          ),
        )
      }
      return (this.#portal = portal)
    }
    const portals = await listPortals(db)
    if (portals.length === 0) throw noPortal()
    if (portals.length === 1) return (this.#portal = portals[0]!)
    const keys = portals.map((row) => row.key)
    // A script must not depend on which portal somebody last used on this machine.
    if ((this.ctor as unknown as typeof BaseCommand).changes && !this.interactive) throw needsPortalFlag(keys)
    const current = await this.currentPortal()
    const portal = portals.find((row) => row.key === current)
    if (!portal) throw needsPortalFlag(keys)
    return (this.#portal = portal)
  }
}

/** Index of `--`, behind which nothing is a flag. */
function endOfFlags(argv: readonly string[]): number {
  const index = argv.indexOf('--')
  return index === -1 ? argv.length : index
}
