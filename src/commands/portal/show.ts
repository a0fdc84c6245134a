import {Args} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {renderFields} from '../../lib/cli/render-fields.ts'
import type {Style} from '../../lib/cli/style.ts'
import {EXIT} from '../../lib/errors.ts'
import type {PortalDetails} from '../../lib/portal.ts'

/** One portal. */
export type PortalShowResult = PortalDetails

export default class PortalShow extends BaseCommand<typeof PortalShow, PortalShowResult> {
  static override summary = 'Show a portal.'
  static override examples = ['<%= config.bin %> <%= command.id %> acme']
  static override args = {
    key: Args.string({name: 'KEY', description: 'The portal; default: the current one.', ignoreStdin: true}),
  }
  static override exitCodes = [EXIT.notFound]

  async run(): Promise<PortalShowResult> {
    const {describePortal} = await import('../../lib/portal.ts')
    const portal = await this.portal(this.args.key)
    return describePortal(await this.store(), portal)
  }

  protected render(portal: PortalShowResult, style: Style): string {
    return renderFields(
      [
        ['Key', portal.key],
        ['Domain', portal.domain],
        ['Name', portal.name],
        ['Time zone', portal.timezone],
        ['Locale', portal.locale],
        ['Largest mail', `${portal.maxMessageSize} bytes`],
        ['Inbound', portal.inbound],
        ['Added', portal.createdAt],
      ],
      style,
    )
  }
}
