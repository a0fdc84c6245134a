/** What commands share that set an account up: its port, its security, its password, and the login that proves it. */
import type {Command} from '@oclif/core'
import type {PasswordCheck} from '../account-password.ts'
import {EXIT, interrupted, passwordNeededAgain, type ExitCode} from '../errors.ts'
import type {NamedSecret} from '../secret-names.ts'
import type {Secret} from '../secret/secret.ts'
import {checkPort, isLoopback, type Security} from '../server-settings.ts'
import type {LoginCheck, PasswordChange} from '../switch-account.ts'
import {BaseCommand} from './base-command.ts'
import {givesSecret, readSecretInput, secretWays} from './secret-input.ts'

const SECURITY_CHOICES = [
  {value: 'tls', name: 'TLS from the first byte (usual for 465 and 993)'},
  {value: 'starttls', name: 'STARTTLS (usual for 587 and 143)'},
  {value: 'none', name: 'none: in clear, only for this machine'},
]

/** Exit codes of a command that tries to log in. */
export const LOGIN_EXITS: readonly ExitCode[] = [
  EXIT.dns,
  EXIT.tcp,
  EXIT.tls,
  EXIT.protocol,
  EXIT.credentials,
  EXIT.loginClosed,
  EXIT.noInput,
  EXIT.data,
  EXIT.tryAgain,
  EXIT.config,
  EXIT.sigint,
  EXIT.sigterm,
]

/** A command with the flags of `secretFlags('password')`. */
export abstract class AccountCommand<T extends typeof Command, Result> extends BaseCommand<T, Result> {
  /** The flag that has to be given where none of the four ways of a password is. */
  protected get missingPassword(): string[] {
    return this.givesPassword || this.keepsPassword ? [] : ['--password-stdin']
  }

  protected get givesPassword(): boolean {
    return givesSecret(secretWays('password', this.flags))
  }

  protected get keepsPassword(): boolean {
    return (this.flags as {readonly 'keep-password'?: boolean})['keep-password'] === true
  }

  /** Asks for a port and its security, where something was asked already and they were not given. */
  protected async offerPortAndSecurity<Given extends {readonly port: number; readonly security: Security}>(
    given: {readonly port?: number | undefined; readonly security?: Security | undefined},
    complete: (given: {readonly port?: number | undefined; readonly security?: Security | undefined}) => Given,
  ): Promise<Given> {
    let {port, security} = given
    if (!this.asked) return complete(given)
    port ??= Number(
      await this.offer({
        flag: '--port',
        message: 'Port',
        suggestion: String(complete({port, security}).port),
        validate: (answer) => checkPort(Number(answer)),
      }),
    )
    security ??= (await this.offer({
      flag: '--security',
      message: 'Security',
      suggestion: complete({port, security}).security,
      choices: () => Promise.resolve(SECURITY_CHOICES),
    })) as Security
    return complete({port, security})
  }

  /**
   * What the command line says of the password, or a person at a prompt, where one is needed. `mend` looks at a copy before
   * it is used.
   */
  protected async passwordChange(
    check: PasswordCheck,
    before: NamedSecret | null,
    mend: (password: Secret) => Secret = (password) => password,
  ): Promise<PasswordChange> {
    const ways = secretWays('password', this.flags)
    const given = givesSecret(ways)
    if (!given) {
      if (this.keepsPassword && before) return {kind: 'kept', before}
      if (!check.needsPassword) return {kind: 'none'}
      if (!this.interactive) {
        if (check.hasPassword) throw passwordNeededAgain(this.commandLine)
        this.refuseMissing(['--password-stdin'])
      }
    }
    const sources = await this.secrets()
    const input = await readSecretInput(ways, `Password (kept in the ${sources.place.kind})`, sources)
    if (!given) this.notePrompted('--password-stdin')
    if (input.kind === 'reference') return {kind: 'given', input}
    const value = mend(input.value)
    sources.redactor.register(value.reveal())
    return {kind: 'given', input: {kind: 'copy', value}}
  }

  /** Runs `work` with the login that has to succeed first, or null where that is not wanted; a signal ends it. */
  protected async withLogin<Done>(wanted: boolean, work: (login: LoginCheck | null) => Promise<Done>): Promise<Done> {
    return wanted ? this.untilStopped((signal) => work({signal, log: this.log_})) : work(null)
  }

  /** Work that a signal ends, before anything is saved. */
  protected async untilStopped<Done>(work: (signal: AbortSignal) => Promise<Done>): Promise<Done> {
    const stop = this.stopOnSignal()
    try {
      return await work(stop.signal)
    } catch (error) {
      throw stop.signal.aborted ? interrupted(stop.reason()) : error
    }
  }

  /** Said of every server that is spoken to in clear, but for one on this machine. */
  protected warnOfCleartext({host, security}: {readonly host: string; readonly security: Security}): void {
    if (security === 'none' && !isLoopback(host))
      this.warning(`Password and mail travel to ${host} in clear: everyone on the way can read them.`)
  }
}
