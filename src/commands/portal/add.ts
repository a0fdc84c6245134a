import {Args} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {ifNotExists, portalFlags} from '../../lib/cli/flags.ts'
import {EXIT} from '../../lib/errors.ts'
import type {PortalSummary} from '../../lib/portal.ts'

/** The portal that was added, or was there. */
export interface PortalAddResult {
  readonly portal: PortalSummary
  readonly changed: boolean
}

export default class PortalAdd extends BaseCommand<typeof PortalAdd, PortalAddResult> {
  static override summary = 'Add a portal.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> acme --domain acme.example --name "Acme Support" --timezone Europe/Berlin',
  ]
  static override args = {key: Args.string({name: 'KEY', description: 'Short name of the portal.', ignoreStdin: true})}
  static override flags = {...ifNotExists, ...portalFlags}
  static override changes = true
  static override exitCodes = [EXIT.cannotCreate]

  async run(): Promise<PortalAddResult> {
    const {addPortal, checkDomain, checkKey, checkPortal} = await import('../../lib/portal.ts')
    const {portalFieldsOf} = await import('../../lib/cli/portal-fields.ts')
    const fields = portalFieldsOf(this.flags)
    checkPortal(fields) // before a store is made
    const {KEY: key, '--domain': domain} = await this.complete(
      {KEY: this.args.key, '--domain': this.flags.domain},
      {
        KEY: {message: 'Key of the portal (short, for scripts)', validate: checkKey},
        '--domain': {message: 'Domain of its internal addresses', validate: checkDomain},
      },
    )
    const result = await addPortal(
      await this.store({create: true}),
      {...fields, key, domain},
      {ifNotExists: this.flags['if-not-exists'], now: this.clock.now()},
    )
    if (result.changed) {
      this.nextStep(`postdesk queue add support --portal ${key}`)
      this.nextStep(`postdesk portal inbound set imap --portal ${key}`)
    }
    return result
  }

  protected render({portal, changed}: PortalAddResult): string {
    return `Portal ${portal.key} (${portal.domain}) ${changed ? 'added' : 'is there already'}.\n`
  }
}
