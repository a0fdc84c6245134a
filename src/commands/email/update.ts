import {Args, Flags} from '@oclif/core'
import type {ChannelSummary} from '../../lib/channel-summary.ts'
import {LOGIN_EXITS} from '../../lib/cli/account-command.ts'
import {addressFlags, forwardingFlags, keepPasswordFlag, secretFlags, smtpServerFlags} from '../../lib/cli/flags.ts'
import {createProgress} from '../../lib/cli/progress.ts'
import {SmtpCommand} from '../../lib/cli/smtp-command.ts'
import {EXIT, interrupted, usage} from '../../lib/errors.ts'
import type {ChannelChanges} from '../../lib/channel-address.ts'
import type {RetriedItem} from '../../lib/quarantine-retry.ts'
import type {SmtpAddressChanges, UpdatedSmtpAddress} from '../../lib/smtp-address.ts'

/** The address as it is now. */
export interface EmailUpdateResult {
  readonly channel: ChannelSummary
  /** How many mails wait in the quarantine because the address was off; those of one that was switched on are taken in. */
  readonly waiting: number
  /** What became of the mails that waited. */
  readonly takenIn: readonly RetriedItem[]
  readonly changed: boolean
}

/** Mails from which on it takes so long that progress is told. */
const PROGRESS_FROM = 100

/** Flags that only an SMTP address has. */
const smtpFlags = {
  ...forwardingFlags,
  'no-forwards-to': Flags.boolean({
    summary: 'Its mail is forwarded to no internal address any more: it only sends.',
    exclusive: ['forwards-to'],
  }),
  ...smtpServerFlags,
  ...secretFlags('password'),
  ...keepPasswordFlag,
}

export default class EmailUpdate extends SmtpCommand<typeof EmailUpdate, EmailUpdateResult> {
  static override summary = 'Change an address.'
  static override description =
    'A former address stays an alias for incoming mail. Mail for an address that is off waits in the quarantine, and is taken in when it is switched on; mail from it waits in the outbox. A new server or password of an SMTP address is tried before it is saved; where that fails the one before is used as ever. The password belongs to host, port, security and user: with another one it must be given again, or kept by --keep-password.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> support@acme.example --queue sales --no-assign-online',
    '<%= config.bin %> <%= command.id %> support@acme.example --address help@acme.example',
    '<%= config.bin %> <%= command.id %> support@acme.example --no-active',
    '<%= config.bin %> <%= command.id %> help@customer-care.example --password-file /run/secrets/smtp',
  ]
  static override args = {address: Args.string({name: 'ADDRESS', description: 'The address.', ignoreStdin: true})}
  static override flags = {
    ...addressFlags,
    ...smtpFlags,
    active: Flags.boolean<boolean | undefined>({summary: 'Switch it on, or off with --no-active.', allowNo: true}),
    address: Flags.string({helpValue: 'NEW', summary: 'Another address; this one stays an alias for incoming mail.'}),
    'drop-alias': Flags.string({helpValue: 'OLD', summary: 'A former address that is to lead here no longer.'}),
  }
  static override changes = true
  static override exitCodes = [...LOGIN_EXITS, EXIT.notFound, EXIT.cannotCreate]
  static override environment = ['POSTDESK_SECRET_STORE', 'POSTDESK_RESOLVER']

  async run(): Promise<EmailUpdateResult> {
    const {requireChannel} = await import('../../lib/channel-summary.ts')
    const {givenFlags} = await import('../../lib/cli/given-flags.ts')
    const {flags} = this
    givenFlags(flags, [
      ...(Object.keys(addressFlags) as (keyof typeof addressFlags)[]),
      ...(Object.keys(smtpFlags) as (keyof typeof smtpFlags)[]),
      'active',
      'address',
      'drop-alias',
    ])
    const {forwardsTo, ...settings} = await this.saidSettings()
    const changes = {
      ...settings,
      active: flags.active,
      address: flags.address,
      dropAlias: flags['drop-alias'],
    }
    const {ADDRESS} = await this.complete({ADDRESS: this.args.address}, {ADDRESS: this.choose.address})
    const [portal, store] = [await this.portal(), await this.store()]
    const {address, kind} = await requireChannel(store.db, portal, ADDRESS)
    const {channel, waiting, changed} = await (kind === 'smtp'
      ? this.#updateSmtp(address, {...changes, forwardsTo})
      : this.#updateInternal(address, changes))
    const takenIn: RetriedItem[] = []
    const result = {channel, waiting: waiting.length, takenIn, changed}
    if (!channel.active || waiting.length === 0) return result
    this.partialResult = result
    await this.#takeIn(waiting, takenIn)
    return {...result, changed: true}
  }

  async #updateInternal(address: string, changes: ChannelChanges) {
    const {updateInternalAddress} = await import('../../lib/internal-address.ts')
    const {flags} = this
    const wrong = (Object.keys(smtpFlags) as (keyof typeof smtpFlags)[]).filter((name) => flags[name] ?? false)
    if (wrong.length > 0)
      throw usage(`an internal address has no ${wrong.map((name) => `--${name}`).join(', ')}`, [
        {text: `${address} has no server of its own: it only receives. These flags are for SMTP addresses.`},
      ])
    return updateInternalAddress(await this.store(), await this.portal(), address, changes, this.clock.now())
  }

  async #updateSmtp(address: string, changes: SmtpAddressChanges): Promise<UpdatedSmtpAddress> {
    const {requireSmtpAddress, updateSmtpAddress} = await import('../../lib/smtp-address.ts')
    const {channelOwner, checkPassword, knownPassword} = await import('../../lib/account-password.ts')
    const {knownProvider, smtpServer} = await import('../../lib/smtp-server.ts')
    const {flags} = this
    const [portal, store] = [await this.portal(), await this.store()]
    const {channel, server: before} = await requireSmtpAddress(store.db, portal, address)
    const owner = channelOwner(channel)
    // Of a new host the port and the security of before say nothing, and of a new port the security.
    const {host, port, security} = before
    const stays = flags.host !== undefined ? {} : flags.port === undefined ? {port, security} : {}
    const server =
      flags['accept-discovered'] && flags.host === undefined
        ? (await this.server(changes.address ?? address)).server
        : {
            ...smtpServer({host, ...stays, ...this.saidServer()}),
            user: flags.user ?? before.user,
          }
    const isSame = Object.entries(before).every(([name, value]) => server[name as keyof typeof server] === value)
    const check = isSame
      ? {needsPassword: false, hasPassword: true}
      : await checkPassword(store.db, portal, owner, server)
    const provider = knownProvider(changes.address ?? address, server.host)
    const password = await this.newPassword(provider, [check, await knownPassword(store, portal, owner)])
    const secrets = await this.secrets()
    const result = await this.withLogin(!flags['no-verify'], (login) =>
      updateSmtpAddress({store, portal, server, password, secrets, login}, address, changes, this.clock.now()),
    )
    if (!isSame) this.warnOfCleartext(server)
    if (flags['forwards-to'] !== undefined) await this.forwarding(result.channel, provider)
    if (result.queued > 0 && result.channel.active) this.nextStep(`postdesk outbox send --portal ${portal.key}`)
    return result
  }

  /** The mails that waited because the address was off. */
  async #takeIn(ids: readonly number[], takenIn: RetriedItem[]): Promise<void> {
    const checkSender = await this.senderCheck()
    const {retryQuarantined} = await import('../../lib/quarantine-retry.ts')
    const stop = this.stopOnSignal()
    const progress =
      this.showsProgress && ids.length >= PROGRESS_FROM
        ? createProgress(process.stderr, this.style(process.stderr), 'mails', undefined, 'take in')
        : null
    const options = {
      store: await this.store(),
      portal: await this.portal(),
      selection: {ids},
      checkSender,
      clock: this.clock,
      log: this.log_,
      signal: stop.signal,
      ...(progress ? {onProgress: progress.update.bind(progress)} : {}),
    }
    for await (const batch of retryQuarantined(options)) takenIn.push(...batch)
    progress?.end()
    if (stop.signal.aborted) this.fail(interrupted(stop.reason()))
  }

  protected render({channel, waiting, takenIn, changed}: EmailUpdateResult): string {
    const mails = waiting === 1 ? '1 mail waited' : `${waiting} mails waited`
    const taken = takenIn.filter(({ticket}) => ticket !== null).length
    return [
      `${channel.address} ${changed ? 'changed' : 'is like that already'}.`,
      ...(changed && this.flags.address !== undefined ? ['Mail to the address before still comes in.'] : []),
      ...(waiting > 0 && channel.active ? [`${mails} in the quarantine for it; ${taken} taken in.`] : []),
      ...(waiting > 0 && !channel.active ? [`${waiting} in the quarantine for it.`] : []),
      '',
    ].join('\n')
  }
}
