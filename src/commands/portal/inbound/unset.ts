import {BaseCommand} from '../../../lib/cli/base-command.ts'

/** The portal has no inbound now. */
export interface PortalInboundUnsetResult {
  readonly changed: boolean
}

export default class PortalInboundUnset extends BaseCommand<typeof PortalInboundUnset, PortalInboundUnsetResult> {
  static override summary = "Stop pulling the portal's mail. What was pulled stays, and is not pulled again later."
  static override examples = ['<%= config.bin %> <%= command.id %>']
  static override changes = true

  async run(): Promise<PortalInboundUnsetResult> {
    const {unsetInbound} = await import('../../../lib/inbound.ts')
    const {forgetPassword, INBOUND, knownPassword} = await import('../../../lib/account-password.ts')
    const [portal, store] = [await this.portal(), await this.store()]
    const password = await knownPassword(store, portal, INBOUND)
    const result = await unsetInbound(store, portal, this.clock.now())
    if (password) await forgetPassword(password, await this.secrets())
    return result
  }

  protected render({changed}: PortalInboundUnsetResult): string {
    return changed ? 'The portal has no inbound now.\n' : 'There was no inbound.\n'
  }
}
