import {AccountCommand, LOGIN_EXITS} from '../../../../lib/cli/account-command.ts'
import {keepPasswordFlag, secretFlags, smtpServerFlags} from '../../../../lib/cli/flags.ts'
import type {RelaySummary} from '../../../../lib/relay.ts'
import type {ServerSettings} from '../../../../lib/server-settings.ts'

/** The relay of the portal as it is now. */
export interface PortalRelaySetSmtpResult {
  readonly relay: RelaySummary
  readonly changed: boolean
}

export default class PortalRelaySetSmtp extends AccountCommand<typeof PortalRelaySetSmtp, PortalRelaySetSmtpResult> {
  static override summary = "Send the system's own mail, such as automatic replies, by an SMTP account."
  static override description =
    'The login is tried before anything is saved, and nothing is sent. Without --user the server is one that takes the mail of this machine as it is. Flags that are left out take their defaults, also where the relay had other settings before. The password belongs to host, port, security and user: with another one it must be given again, or kept by --keep-password.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --host smtp.acme.example --user relay@acme.example --password-file /run/secrets/smtp',
    '<%= config.bin %> <%= command.id %> --host localhost --port 25 --security none --no-verify',
  ]
  static override flags = {...smtpServerFlags, ...secretFlags('password'), ...keepPasswordFlag}
  static override changes = true
  static override exitCodes = LOGIN_EXITS
  static override environment = ['POSTDESK_SECRET_STORE']

  async run(): Promise<PortalRelaySetSmtpResult> {
    const {setSmtpRelay} = await import('../../../../lib/relay.ts')
    const {checkPassword, knownPassword, RELAY} = await import('../../../../lib/account-password.ts')
    const server = await this.#server()
    const [portal, store] = [await this.portal(), await this.store()]
    const check = await checkPassword(store.db, portal, RELAY, server)
    const password = await this.passwordChange(check, await knownPassword(store, portal, RELAY))
    const secrets = await this.secrets()
    const result = await this.withLogin(!this.flags['no-verify'], (login) =>
      setSmtpRelay({store, portal, server, password, secrets, login}, this.clock.now()),
    )
    this.warnOfCleartext(server)
    return result
  }

  async #server(): Promise<ServerSettings> {
    const {checkAccountName, checkHost} = await import('../../../../lib/server-settings.ts')
    const {smtpServer} = await import('../../../../lib/smtp-server.ts')
    const {flags} = this
    if (this.interactive) await this.portal() // before anybody types in vain
    const {'--host': host} = await this.complete(
      {'--host': flags.host},
      {'--host': {message: 'SMTP server', validate: checkHost}},
      // Without a user there is no password either.
      flags.user === undefined ? [] : this.missingPassword,
    )
    let {user} = flags
    // A password is for somebody.
    if (user === undefined && (this.asked || this.givesPassword || this.keepsPassword))
      user = (await this.complete({'--user': user}, {'--user': {message: 'User', validate: checkAccountName}}))[
        '--user'
      ]
    return this.offerPortAndSecurity(flags, ({port, security}) => ({
      ...smtpServer({host, port, security}),
      user: user ?? null,
    }))
  }

  protected render({relay, changed}: PortalRelaySetSmtpResult): string {
    return `The relay is ${relay.host}:${relay.port}${changed ? '' : ' already'}.\n`
  }
}
