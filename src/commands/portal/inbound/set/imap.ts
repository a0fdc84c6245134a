import {Flags} from '@oclif/core'
import {AccountCommand} from '../../../../lib/cli/account-command.ts'
import {keepPasswordFlag, secretFlags} from '../../../../lib/cli/flags.ts'
import {EXIT} from '../../../../lib/errors.ts'
import type {ImapInbound, InboundSummary} from '../../../../lib/inbound.ts'
import {SECURITIES} from '../../../../lib/server-settings.ts'

/** The inbound of the portal as it is now. */
export interface PortalInboundSetImapResult {
  readonly inbound: InboundSummary
  readonly changed: boolean
}

export default class PortalInboundSetImap extends AccountCommand<
  typeof PortalInboundSetImap,
  PortalInboundSetImapResult
> {
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
    ...keepPasswordFlag,
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
    const {INBOUND, knownPassword} = await import('../../../../lib/account-password.ts')
    const {switchAccount} = await import('../../../../lib/switch-account.ts')
    const config = await this.#config()
    const [portal, store] = [await this.portal(), await this.store()]
    const check = await checkInbound(store.db, portal, config)
    const password = await this.passwordChange(check, await knownPassword(store, portal, INBOUND))
    const account = {
      store,
      portal,
      owner: INBOUND,
      server: config,
      password,
      secrets: await this.secrets(),
      login: null,
    }
    const {saved, kept} = await switchAccount(account, () => setInbound(store, portal, config, this.clock.now()))
    const changed = saved.changed || kept
    this.warnOfCleartext(config)
    if (changed) this.nextStep(`postdesk email sync --portal ${portal.key}`)
    return {...saved, changed}
  }

  async #config(): Promise<ImapInbound> {
    const {imapInbound} = await import('../../../../lib/inbound.ts')
    const {checkAccountName, checkHost} = await import('../../../../lib/server-settings.ts')
    const {flags} = this
    if (this.interactive) await this.portal() // before anybody types in vain
    const {'--host': host, '--user': user} = await this.complete(
      {'--host': flags.host, '--user': flags.user},
      {
        '--host': {message: 'IMAP server', validate: checkHost},
        '--user': {message: 'User', validate: checkAccountName},
      },
      this.missingPassword,
    )
    return this.offerPortAndSecurity(flags, ({port, security}) =>
      imapInbound({
        host,
        user,
        port,
        security,
        mailbox: flags.mailbox,
        envelopeHeader: flags['envelope-header'],
        trustedAuthservId: flags['trusted-authserv-id'],
        markSeen: flags['mark-seen'],
        moveTo: flags['move-to'],
      }),
    )
  }

  protected render({inbound, changed}: PortalInboundSetImapResult): string {
    return `The inbound is ${inbound.identity}${changed ? '' : ' already'}.\n`
  }
}
