import {Args} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {portalFlags} from '../../lib/cli/flags.ts'
import {EXIT} from '../../lib/errors.ts'
import type {MovedAddress, PortalSummary} from '../../lib/portal.ts'

/** The portal as it is now. */
export interface PortalUpdateResult {
  readonly portal: PortalSummary
  /** Internal addresses that moved to a new domain. */
  readonly moved: readonly MovedAddress[]
  readonly changed: boolean
}

export default class PortalUpdate extends BaseCommand<typeof PortalUpdate, PortalUpdateResult> {
  static override summary = 'Change a portal.'
  static override description =
    'With a new domain the internal addresses move there; the old ones stay aliases for incoming mail.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> acme --name "Acme Help"',
    '<%= config.bin %> <%= command.id %> acme --domain help.acme.example',
  ]
  static override args = {
    key: Args.string({name: 'KEY', description: 'The portal; default: the current one.', ignoreStdin: true}),
  }
  static override flags = portalFlags
  static override changes = true
  static override exitCodes = [EXIT.notFound, EXIT.cannotCreate]

  async run(): Promise<PortalUpdateResult> {
    const {updatePortal} = await import('../../lib/portal.ts')
    const {givenFlags} = await import('../../lib/cli/given-flags.ts')
    const {portalFieldsOf} = await import('../../lib/cli/portal-fields.ts')
    const given = givenFlags(this.flags, ['domain', 'name', 'timezone', 'locale', 'max-message-size'])
    const portal = await this.portal(this.args.key)
    return updatePortal(await this.store(), portal, portalFieldsOf(given), this.clock.now())
  }

  protected render({portal, moved, changed}: PortalUpdateResult): string {
    const lines = moved.map(({from, to}) => `${from} is now ${to}; mail to the old address still comes in.`)
    return [`Portal ${portal.key} ${changed ? 'changed' : 'is like that already'}.`, ...lines, ''].join('\n')
  }
}
