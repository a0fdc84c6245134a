import {Args} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {EXIT} from '../../lib/errors.ts'

/** The portal that commands work on from now on where none is named. */
export interface PortalUseResult {
  readonly key: string
  readonly changed: boolean
}

export default class PortalUse extends BaseCommand<typeof PortalUse, PortalUseResult> {
  static override summary = 'Choose the current portal of the store, for this user on this machine.'
  static override description =
    'Reading commands and prompts use it. A script that changes something in a store of several portals names the portal all the same.'
  static override examples = ['<%= config.bin %> <%= command.id %> acme']
  static override args = {key: Args.string({name: 'KEY', description: 'The portal.', ignoreStdin: true})}
  static override exitCodes = [EXIT.notFound]

  async run(): Promise<PortalUseResult> {
    const {KEY} = await this.complete({KEY: this.args.key ?? this.flags.portal}, {KEY: this.choose.portal})
    const {key} = await this.portal(KEY)
    return {key, changed: await this.useAsCurrent(key)}
  }

  protected render({key}: PortalUseResult): string {
    return `${key} is the current portal.\n`
  }
}
