import {BaseCommand} from '../../../lib/cli/base-command.ts'

/** The portal has no relay now. */
export interface PortalRelayUnsetResult {
  readonly changed: boolean
}

export default class PortalRelayUnset extends BaseCommand<typeof PortalRelayUnset, PortalRelayUnsetResult> {
  static override summary = "Send no mail of the system's own any more; this machine forgets the relay's password."
  static override examples = ['<%= config.bin %> <%= command.id %>']
  static override changes = true

  async run(): Promise<PortalRelayUnsetResult> {
    const {unsetRelay} = await import('../../../lib/relay.ts')
    const {forgetPassword, knownPassword, RELAY} = await import('../../../lib/account-password.ts')
    const [portal, store] = [await this.portal(), await this.store()]
    const password = await knownPassword(store, portal, RELAY)
    const result = await unsetRelay(store, portal, this.clock.now())
    if (password) await forgetPassword(password, await this.secrets())
    return result
  }

  protected render({changed}: PortalRelayUnsetResult): string {
    return changed ? 'The portal has no relay now.\n' : 'There was no relay.\n'
  }
}
