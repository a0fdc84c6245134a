import {BaseCommand} from '../../../lib/cli/base-command.ts'
import {renderFields} from '../../../lib/cli/render-fields.ts'
import type {Style} from '../../../lib/cli/style.ts'
import type {RelaySummary} from '../../../lib/relay.ts'

/** How the system's own mail leaves; null for not at all. */
export interface PortalRelayShowResult {
  readonly relay: RelaySummary | null
}

export default class PortalRelayShow extends BaseCommand<typeof PortalRelayShow, PortalRelayShowResult> {
  static override summary = "Show how the system's own mail leaves, such as automatic replies."
  static override examples = ['<%= config.bin %> <%= command.id %> --json']

  async run(): Promise<PortalRelayShowResult> {
    const {describeRelay} = await import('../../../lib/relay.ts')
    const {passwordChecker} = await import('../../../lib/account-password.ts')
    const [portal, store] = [await this.portal(), await this.store()]
    const relay = await describeRelay(store.db, portal, passwordChecker({store, portal, secrets: () => this.secrets()}))
    if (!relay) this.nextStep(`postdesk portal relay set smtp --portal ${portal.key}`)
    return {relay}
  }

  protected render({relay}: PortalRelayShowResult, style: Style): string {
    if (!relay) return 'There is no relay: no automatic reply of an internal address leaves.\n'
    const {lastError} = relay
    return renderFields(
      [
        ['State', relay.state],
        ...(relay.kind === 'channel'
          ? ([['Address', relay.address ?? null]] as const)
          : ([
              ['Server', `${relay.host}:${relay.port}`],
              ['Security', relay.security ?? null],
              ['User', relay.user ?? null],
              ['Password', relay.secret],
              ['Login tried', relay.verifiedAt ?? null],
            ] as const)),
        ['Last error', lastError && `${lastError.title}: ${lastError.why} (${lastError.at})`],
      ],
      style,
    )
  }
}
