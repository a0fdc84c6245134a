import {Flags} from '@oclif/core'
import {BaseCommand} from '../../../../lib/cli/base-command.ts'
import {secretFlags} from '../../../../lib/cli/flags.ts'
import {EXIT, passwordNeededAgain} from '../../../../lib/errors.ts'
import type {SecretWays} from '../../../../lib/cli/secret-input.ts'
import type {NamedSecret} from '../../../../lib/secret-names.ts'
import type {PasswordCheck} from '../../../../lib/account-password.ts'
import type {ImapInbound, InboundSummary} from '../../../../lib/inbound.ts'
import {SECURITIES, type Security} from '../../../../lib/server-settings.ts'

/** The inbound of the portal as it is now. */
export interface PortalInboundSetImapResult {
  readonly inbound: InboundSummary
  readonly changed: boolean
}

const SECURITY_CHOICES = [
  {value: 'tls', name: 'TLS from the first byte (usual for 993)'},
  {value: 'starttls', name: 'STARTTLS (usual for 143)'},
  {value: 'none', name: 'none: in clear, only for this machine'},
]

export default class PortalInboundSetImap extends BaseCommand<typeof PortalInboundSetImap, PortalInboundSetImapResult> {
  static override summary = "Pull the portal's mail from an IMAP mailbox."
  static override description =
    'Nothing is connected to and nothing altered on the server. Flags that are left out take their defaults, also where the inbound had other settings before. The password belongs to host, port, security and user: with another one it must be given again, or kept by --keep-password.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --host imap.acme.example --user catchall@acme.example --password-file /run/secrets/imap',
    '<%= config.bin %> <%= command.id %> --host localhost --port 1143 --security none --user all --password-env IMAP_PASSWORD --mark-seen',
  ]
  static override flags = {
    host: Flags.string({helpGroup: 'CONNECTION', summary: 'Name or address of the server.'}),
    port: Flags.integer({helpGroup: 'CONNECTION', summary: 'Default: 993, without TLS from the first byte 143.'}),
    security: Flags.option({options: SECURITIES})({
      helpGroup: 'CONNECTION',
      summary: 'Default: tls for port 993, starttls for others.',
    }),
    user: Flags.string({helpGroup: 'CONNECTION', summary: 'Name to log in with.'}),
    ...secretFlags('password'),
    'keep-password': Flags.boolean({
      helpGroup: 'SECRETS',
      summary: 'Use the password that was given before, with the new host, port, security or user.',
      exclusive: ['password-stdin', 'password-file', 'password-env', 'password-ref'],
    }),
    mailbox: Flags.string({summary: 'Mailbox to pull; default: INBOX.'}),
    'envelope-header': Flags.string({
      helpValue: 'HEADER',
      summary: 'The one header that names the SMTP recipient; default: Delivered-To, X-Original-To, Envelope-To.',
    }),
    'trusted-authserv-id': Flags.string({
      helpValue: 'ID',
      summary: 'Believe the Authentication-Results of this server.',
    }),
    'mark-seen': Flags.boolean({summary: 'Mark a mail as read once it is stored.'}),
    'move-to': Flags.string({helpValue: 'MAILBOX', summary: 'Move a mail there once it is stored.'}),
  }
  static override changes = true
  static override exitCodes = [EXIT.cannotCreate, EXIT.noInput, EXIT.data, EXIT.config]
  static override environment = ['POSTDESK_SECRET_STORE']

  async run(): Promise<PortalInboundSetImapResult> {
    const {checkInbound, setInbound} = await import('../../../../lib/inbound.ts')
    const {isLoopback} = await import('../../../../lib/server-settings.ts')
    const {secretWays} = await import('../../../../lib/cli/secret-input.ts')
    const ways = secretWays('password', this.flags)
    const config = await this.#config(ways)
    const [portal, store] = [await this.portal(), await this.store()]
    const check = await checkInbound(store.db, portal, config)
    const {forgetFormerPasswords, INBOUND, knownPassword, passwordBinding, passwordSecret} =
      await import('../../../../lib/account-password.ts')
    const before = await knownPassword(store, portal, INBOUND)
    const password = await passwordSecret(store, portal, INBOUND, passwordBinding(config))
    const kept = await this.#keepPassword(ways, password, before, check)
    const result = await setInbound(store, portal, config, this.clock.now())
    if (before !== null && (kept || before.id.usedWith !== password.id.usedWith))
      await forgetFormerPasswords(password, before, await this.secrets())
    const changed = result.changed || kept
    if (config.security === 'none' && !isLoopback(config.host))
      this.warning(`Password and mail travel to ${config.host} in clear: everyone on the way can read them.`)
    if (changed) this.nextStep(`postdesk email sync --portal ${portal.key}`)
    return {...result, changed}
  }

  async #config(ways: SecretWays): Promise<ImapInbound> {
    const {imapInbound, securityOfPort} = await import('../../../../lib/inbound.ts')
    const {checkAccountName, checkHost, checkPort} = await import('../../../../lib/server-settings.ts')
    const {givesSecret} = await import('../../../../lib/cli/secret-input.ts')
    const {flags} = this
    if (this.interactive) await this.portal() // before anybody types in vain
    const {'--host': host, '--user': user} = await this.complete(
      {'--host': flags.host, '--user': flags.user},
      {
        '--host': {message: 'IMAP server', validate: checkHost},
        '--user': {message: 'User', validate: checkAccountName},
      },
      givesSecret(ways) || flags['keep-password'] ? [] : ['--password-stdin'],
    )
    let {port, security} = flags
    if (this.asked) {
      port ??= Number(
        await this.offer({
          flag: '--port',
          message: 'Port',
          suggestion: String(imapInbound({host, user, security}).port),
          validate: (answer) => checkPort(Number(answer)),
        }),
      )
      security ??= (await this.offer({
        flag: '--security',
        message: 'Security',
        suggestion: securityOfPort(port),
        choices: () => Promise.resolve(SECURITY_CHOICES),
      })) as Security
    }
    return imapInbound({
      host,
      user,
      port,
      security,
      mailbox: flags.mailbox,
      envelopeHeader: flags['envelope-header'],
      trustedAuthservId: flags['trusted-authserv-id'],
      markSeen: flags['mark-seen'],
      moveTo: flags['move-to'],
    })
  }

  /**
   * The password for the new host is on this machine before the store names that host. It does not replace the one for
   * the old host, which is used until then. False where nothing changed here.
   */
  async #keepPassword(
    ways: SecretWays,
    password: NamedSecret,
    before: NamedSecret | null,
    check: PasswordCheck,
  ): Promise<boolean> {
    const {givesSecret, keepSecretInput, readSecretInput} = await import('../../../../lib/cli/secret-input.ts')
    const given = givesSecret(ways)
    if (!given) {
      if (this.flags['keep-password'] && before) {
        const {keepSecretOf} = await import('../../../../lib/secret-names.ts')
        return keepSecretOf([before.id], password, await this.secrets())
      }
      if (!check.needsPassword) return false
      if (!this.interactive) {
        if (check.hasPassword) throw passwordNeededAgain(this.commandLine)
        this.refuseMissing(['--password-stdin'])
      }
    }
    const sources = await this.secrets()
    const input = await readSecretInput(ways, `Password (kept in the ${sources.place.kind})`, sources)
    if (!given) this.notePrompted('--password-stdin')
    return keepSecretInput(password, input, sources)
  }

  protected render({inbound, changed}: PortalInboundSetImapResult): string {
    return `The inbound is ${inbound.identity}${changed ? '' : ' already'}.\n`
  }
}
