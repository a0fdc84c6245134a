import {Args} from '@oclif/core'
import {BaseCommand} from '../../../../lib/cli/base-command.ts'
import {EXIT} from '../../../../lib/errors.ts'
import type {RelaySummary} from '../../../../lib/relay.ts'

/** The relay of the portal as it is now. */
export interface PortalRelaySetChannelResult {
  readonly relay: RelaySummary
  readonly changed: boolean
}

export default class PortalRelaySetChannel extends BaseCommand<
  typeof PortalRelaySetChannel,
  PortalRelaySetChannelResult
> {
  static override summary = "Send the system's own mail, such as automatic replies, by an address of the portal."
  static override description = 'It is from that address then, and answers to it go to the internal one.'
  static override examples = ['<%= config.bin %> <%= command.id %> help@customer-care.example']
  static override args = {
    address: Args.string({name: 'ADDRESS', description: 'An address that can send.', ignoreStdin: true}),
  }
  static override changes = true
  static override exitCodes = [EXIT.notFound]

  async run(): Promise<PortalRelaySetChannelResult> {
    const {setChannelRelay} = await import('../../../../lib/relay.ts')
    const {forgetPassword, knownPassword, RELAY} = await import('../../../../lib/account-password.ts')
    const {ADDRESS} = await this.complete({ADDRESS: this.args.address}, {ADDRESS: this.choose.address})
    const [portal, store] = [await this.portal(), await this.store()]
    const password = await knownPassword(store, portal, RELAY)
    const result = await setChannelRelay(store, portal, ADDRESS, this.clock.now())
    if (password) await forgetPassword(password, await this.secrets())
    return result
  }

  protected render({relay, changed}: PortalRelaySetChannelResult): string {
    return `The relay is ${relay.address}${changed ? '' : ' already'}.\n`
  }
}
