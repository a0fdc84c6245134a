import {Args} from '@oclif/core'
import type {ChannelSummary} from '../../../lib/channel-summary.ts'
import {LOGIN_EXITS} from '../../../lib/cli/account-command.ts'
import {addressFlags, forwardingFlags, ifNotExists, secretFlags, smtpServerFlags} from '../../../lib/cli/flags.ts'
import {SmtpCommand} from '../../../lib/cli/smtp-command.ts'
import {EXIT} from '../../../lib/errors.ts'
import type {SmtpAddressSettings} from '../../../lib/smtp-address.ts'

/** The address that was added, or was there. */
export interface EmailAddSmtpResult {
  readonly channel: ChannelSummary
  /** How its owner has its mail forwarded; null where it only sends. */
  readonly forwarding: {
    /** The internal address. */
    readonly target: string
    /** In order. */
    readonly steps: readonly string[]
    /** The page of the provider; null for one that is not known. */
    readonly url: string | null
  } | null
  readonly changed: boolean
}

export default class EmailAddSmtp extends SmtpCommand<typeof EmailAddSmtp, EmailAddSmtpResult> {
  static override summary = 'Add an address of any provider, which sends by its SMTP server.'
  static override description =
    'Its mail comes in where its owner forwards it to an internal address (--forwards-to). Server and port are known for many providers; else --host names the server, or --accept-discovered takes what the domain publishes. The login is tried before anything is saved, and nothing is sent.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> help@customer-care.example --host smtp.customer-care.example --password-file /run/secrets/smtp --forwards-to support',
    '<%= config.bin %> <%= command.id %> acme.help@gmail.com --password-env GMAIL_APP_PASSWORD --queue sales --no-verify',
  ]
  static override args = {
    address: Args.string({name: 'ADDRESS', description: 'The address, such as help@gmail.com.', ignoreStdin: true}),
  }
  static override flags = {
    ...ifNotExists,
    ...addressFlags,
    ...forwardingFlags,
    ...smtpServerFlags,
    ...secretFlags('password'),
  }
  static override changes = true
  static override exitCodes = [...LOGIN_EXITS, EXIT.notFound, EXIT.cannotCreate]
  static override environment = ['POSTDESK_SECRET_STORE', 'POSTDESK_RESOLVER']

  async run(): Promise<EmailAddSmtpResult> {
    const {addSmtpAddress, checkNewSmtpAddress} = await import('../../../lib/smtp-address.ts')
    const {flags} = this
    const address = await this.#address()
    const [portal, store] = [await this.portal(), await this.store()]
    const said = await this.saidSettings()
    const known = await checkNewSmtpAddress(
      store.db,
      portal,
      address,
      {settings: said, server: this.saidServer()},
      flags['if-not-exists'],
    )
    if (known) return {channel: known, forwarding: null, changed: false}
    const {server, provider} = await this.server(address)
    const settings = await this.#settings(said, portal.name)
    const password = await this.newPassword(provider)
    const secrets = await this.secrets()
    const channel = await this.withLogin(!flags['no-verify'], (login) =>
      addSmtpAddress({store, portal, server, password, secrets, login}, address, settings, this.clock.now()),
    )
    this.warnOfCleartext(server)
    if (channel.queue === null) {
      this.warning(`${channel.address} has no queue: name the one that its tickets go to.`)
      this.nextStep(`postdesk email update ${channel.address} --queue KEY --portal ${portal.key}`)
    }
    return {channel, forwarding: await this.forwarding(channel, provider), changed: true}
  }

  /** A missing value fails before the store is opened, and before any network. */
  async #address(): Promise<string> {
    const {checkSmtpAddress} = await import('../../../lib/smtp-address.ts')
    const {knownProvider} = await import('../../../lib/smtp-server.ts')
    const {host, 'accept-discovered': accepts} = this.flags
    const {address} = this.args
    const serverIsSaid = host !== undefined || accepts || (address !== undefined && knownProvider(address) !== null)
    const missing = [...(serverIsSaid ? [] : ['--host']), ...this.missingPassword]
    if (this.interactive) await this.portal() // before anybody types in vain
    const {ADDRESS} = await this.complete(
      {ADDRESS: address},
      {ADDRESS: {message: 'Address', validate: checkSmtpAddress}},
      missing,
    )
    // A server may still be found by the MX of the domain, where nothing else is missing.
    if (!this.interactive && this.missingPassword.length > 0) this.refuseMissing(missing)
    return ADDRESS
  }

  /** With what a person is offered who was asked already. */
  async #settings(
    said: SmtpAddressSettings,
    portalName: string,
  ): Promise<SmtpAddressSettings & {readonly name: string}> {
    const {checkDisplayName} = await import('../../../lib/address.ts')
    if (!this.asked) return {...said, name: said.name ?? portalName}
    const name =
      said.name ??
      (await this.offer({
        flag: '--name',
        message: 'Full name that customers read',
        suggestion: portalName,
        validate: checkDisplayName,
      }))
    const forwardsTo = said.forwardsTo ?? (await this.offerForwarding())
    const queue = said.queue ?? (forwardsTo === null ? await this.offerQueue() : undefined)
    return {...said, name, forwardsTo, queue}
  }

  protected render({channel, forwarding, changed}: EmailAddSmtpResult): string {
    const {address, queue, forwardsTo} = channel
    const comesIn = forwardsTo === null ? 'it only sends' : `its mail comes in by ${forwardsTo}`
    const forward = forwarding ? ` once it is forwarded there` : ''
    return `${address} ${changed ? 'added' : 'is there already'}: ${comesIn}${forward}; queue ${queue ?? 'none'}.\n`
  }
}
