/** What the commands share that set an SMTP address up: how its server is found, its password, and its forwarding. */
import type {Command} from '@oclif/core'
import type {ChannelSummary} from '../channel-summary.ts'
import type {Candidate} from '../discovery/discover.ts'
import type {Provider} from '../discovery/providers.ts'
import type {Secret} from '../secret/secret.ts'
import {checkAccountName, checkHost, type Security} from '../server-settings.ts'
import type {AddressServer, SmtpAddressSettings} from '../smtp-address.ts'
import type {PasswordChange} from '../switch-account.ts'
import {AccountCommand} from './account-command.ts'
import {autoReplyBody} from './auto-reply-body.ts'

/** What `addressFlags`, `forwardingFlags` and `smtpServerFlags` yield. */
interface SmtpFlags {
  readonly name?: string | undefined
  readonly queue?: string | undefined
  readonly 'assign-online'?: boolean | undefined
  readonly 'auto-reply'?: boolean | undefined
  readonly 'auto-reply-subject'?: string | undefined
  readonly 'auto-reply-body'?: string | undefined
  readonly 'auto-reply-body-file'?: string | undefined
  readonly 'forwards-to'?: string | undefined
  readonly 'no-forwards-to'?: boolean | undefined
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly security?: Security | undefined
  readonly user?: string | undefined
  readonly 'accept-discovered': boolean
  readonly 'no-verify': boolean
}

/** The server of an address, and the provider of its mailbox where that is known. */
interface FoundServer {
  readonly server: AddressServer
  readonly provider: Provider | null
}

export abstract class SmtpCommand<T extends typeof Command, Result> extends AccountCommand<T, Result> {
  #said(): SmtpFlags {
    return this.flags as unknown as SmtpFlags
  }

  /** What the command line says of the server. */
  protected saidServer(): Partial<AddressServer> {
    const {host, port, security, user} = this.#said()
    return {
      ...(host === undefined ? {} : {host: host.toLowerCase()}),
      ...(port === undefined ? {} : {port}),
      ...(security === undefined ? {} : {security}),
      ...(user === undefined ? {} : {user}),
    }
  }

  /** What the command line says of the rest. */
  protected async saidSettings(): Promise<SmtpAddressSettings> {
    const flags = this.#said()
    const forwardsTo = flags['no-forwards-to'] === true ? null : flags['forwards-to']
    return {
      name: flags.name,
      queue: flags.queue,
      assignOnline: flags['assign-online'],
      autoReply: flags['auto-reply'],
      autoReplySubject: flags['auto-reply-subject'],
      autoReplyBody: await autoReplyBody(flags),
      forwardsTo: forwardsTo === '' ? null : forwardsTo,
    }
  }

  /**
   * The server by which an address sends: what the command line names, else the bundled table by the domain and by its MX,
   * else what the domain publishes, with a person's yes or `--accept-discovered`; else a person is asked.
   * @throws 25 for a provider that takes no password, 64 where no server is said.
   */
  protected async server(address: string): Promise<FoundServer> {
    const {knownProvider, refusePasswordless, smtpServer, usualLogin} = await import('../smtp-server.ts')
    const flags = this.#said()
    const found = flags.host === undefined ? await this.#find(address) : null
    const provider = found?.provider ?? knownProvider(address, flags.host)
    if (!flags['no-verify']) refusePasswordless(provider, address)
    const candidates = found?.candidates ?? []
    const suggestion = candidates[0]?.host
    const host =
      flags.host ??
      (this.asked || suggestion === undefined
        ? await this.offer({
            flag: '--host',
            message: 'SMTP server',
            validate: checkHost,
            ...(suggestion === undefined ? {} : {suggestion}),
          })
        : suggestion)
    const where = await this.offerPortAndSecurity(flags, (given) => smtpServer({host, ...given}, candidates))
    const usual = candidates.find((candidate) => candidate.host === where.host)?.user ?? usualLogin(address, where.host)
    return {server: {...where, user: await this.#user(usual)}, provider}
  }

  async #user(usual: string | null): Promise<string> {
    const {user} = this.#said()
    if (user !== undefined || usual === null || !this.asked)
      return (
        await this.complete(
          {'--user': user ?? usual ?? undefined},
          {'--user': {message: 'User', validate: checkAccountName}},
        )
      )['--user']
    return this.offer({flag: '--user', message: 'User', suggestion: usual, validate: checkAccountName})
  }

  async #find(address: string): Promise<{candidates: readonly Candidate[]; provider: Provider | null}> {
    const [{describeCandidate, findServer, refusePasswordless, serverNotKnown}, {resolverAddress}] = [
      await import('../smtp-server.ts'),
      await import('./resolver-address.ts'),
    ]
    const resolver = resolverAddress(process.env)
    const discovery = await this.untilStopped((signal) => findServer(address, {resolver, signal}))
    const {candidates, provider, nullMx} = discovery
    const domain = address.slice(address.lastIndexOf('@') + 1)
    if (nullMx) this.warning(`${domain} says that it takes no mail: answers to what is sent from there come back.`)
    const [best] = candidates
    if (best === undefined) {
      if (!this.#said()['no-verify']) refusePasswordless(provider, address)
      if (!this.interactive) throw serverNotKnown(address, discovery, this.commandLine)
      return {candidates, provider}
    }
    const described = describeCandidate(best)
    if (!best.trusted) {
      if (!(await this.#accepts(described))) {
        if (!this.interactive) throw serverNotKnown(address, discovery, this.commandLine)
        return {candidates: [], provider: null}
      }
      this.warning(`${domain} names this server itself: compare it with the help of its provider: ${described}`)
    } else if (this.showsProgress) this.print(process.stderr, `Server: ${described}\n`)
    if (provider?.checked === false)
      this.warning(`The settings of ${provider.name} are from general knowledge: compare them with its help.`)
    return {candidates, provider}
  }

  async #accepts(described: string): Promise<boolean> {
    if (this.#said()['accept-discovered']) return true
    if (!this.interactive) return false
    const {confirm} = await import('./prompts.ts')
    return confirm(`The domain names its server itself: ${described}. Use it?`)
  }

  /** The password that an address needs; the kind that its provider takes is said before it is asked for. */
  protected async newPassword(
    provider: Provider | null,
    known: Parameters<AccountCommand<T, Result>['passwordChange']> = [{needsPassword: true, hasPassword: false}, null],
  ): Promise<PasswordChange> {
    const {withoutPastedSpaces} = await import('../smtp-server.ts')
    const [check, before] = known
    if (provider && this.interactive && !this.givesPassword && check.needsPassword)
      this.print(process.stderr, `${provider.name}: ${provider.password.say}\n`)
    return this.passwordChange(check, before, (given: Secret) => {
      const bare = withoutPastedSpaces(given, provider)
      if (bare) this.warning('The spaces of the app password were left out: they are not part of it.')
      return bare ?? given
    })
  }

  /** The internal address that a person chooses; null for none. */
  protected async offerForwarding(): Promise<string | null> {
    const {summariseChannels} = await import('../channel-summary.ts')
    const internal = (await summariseChannels((await this.store()).db, await this.portal())).filter(
      ({kind}) => kind === 'internal',
    )
    if (internal.length === 0) return null
    const choices = [...internal.map(({address}) => ({value: address})), {value: '', name: 'none: it only sends'}]
    const chosen = await this.offer({
      flag: '--forwards-to',
      message: 'Internal address that its mail is forwarded to',
      choices: () => Promise.resolve(choices),
    })
    return chosen === '' ? null : chosen
  }

  /** The queue that a person chooses where there are several. */
  protected async offerQueue(): Promise<string | undefined> {
    const {listQueues} = await import('../store/queues.ts')
    const queues = await listQueues((await this.store()).db, (await this.portal()).id)
    return queues.length < 2 ? undefined : this.offer({flag: '--queue', ...this.choose.queue})
  }

  /** How the owner of an address has its mail forwarded, also as the next steps; null where it only sends. */
  protected async forwarding({forwardsTo: target}: ChannelSummary, provider: Provider | null) {
    if (target === null) return null
    const {forwardingTo} = await import('../smtp-server.ts')
    const {steps, url} = forwardingTo(target, provider)
    for (const step of [...steps, ...(url === undefined ? [] : [`See ${url}`])]) this.nextStep(step)
    return {target, steps, url: url ?? null}
  }
}
