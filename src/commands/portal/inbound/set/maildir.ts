import {existsSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {Flags} from '@oclif/core'
import {BaseCommand} from '../../../../lib/cli/base-command.ts'
import {EXIT} from '../../../../lib/errors.ts'
import type {InboundSummary} from '../../../../lib/inbound.ts'

/** The inbound of the portal as it is now. */
export interface PortalInboundSetMaildirResult {
  readonly inbound: InboundSummary
  readonly changed: boolean
}

export default class PortalInboundSetMaildir extends BaseCommand<
  typeof PortalInboundSetMaildir,
  PortalInboundSetMaildirResult
> {
  static override summary = "Take the portal's mail from a Maildir of this machine."
  static override examples = [
    '<%= config.bin %> <%= command.id %> --path /var/mail/acme --envelope-header X-Original-To',
  ]
  static override flags = {
    path: Flags.string({helpValue: 'DIR', summary: 'The directory that holds new and cur.'}),
    'envelope-header': Flags.string({
      helpValue: 'HEADER',
      summary: 'The one header that names the SMTP recipient; default: Delivered-To, X-Original-To, Envelope-To.',
    }),
    'mark-seen': Flags.boolean({summary: 'Mark a mail as read once it is stored.'}),
  }
  static override changes = true
  static override exitCodes = [EXIT.cannotCreate]

  async run(): Promise<PortalInboundSetMaildirResult> {
    const {checkInbound, maildirInbound, setInbound} = await import('../../../../lib/inbound.ts')
    const {forgetPassword, INBOUND, knownPassword} = await import('../../../../lib/account-password.ts')
    if (this.interactive) await this.portal() // before anybody types in vain
    const {'--path': path} = await this.complete(
      {'--path': this.flags.path},
      {'--path': {message: 'Directory of the Maildir'}},
    )
    const config = maildirInbound({
      path: resolve(path),
      envelopeHeader: this.flags['envelope-header'],
      markSeen: this.flags['mark-seen'],
    })
    const [portal, store] = [await this.portal(), await this.store()]
    await checkInbound(store.db, portal, config)
    const password = await knownPassword(store, portal, INBOUND)
    const result = await setInbound(store, portal, config, this.clock.now())
    if (password) await forgetPassword(password, await this.secrets())
    if (!existsSync(join(config.path, 'new')))
      this.warning(`${config.path} is no Maildir on this machine: it has no "new".`)
    if (result.changed) this.nextStep(`postdesk email sync --portal ${portal.key}`)
    return result
  }

  protected render({inbound, changed}: PortalInboundSetMaildirResult): string {
    return `The inbound is ${inbound.identity}${changed ? '' : ' already'}.\n`
  }
}
