import {BaseCommand} from '../../../lib/cli/base-command.ts'
import {renderFields} from '../../../lib/cli/render-fields.ts'
import type {Style} from '../../../lib/cli/style.ts'
import type {InboundSummary} from '../../../lib/inbound.ts'

/** The mailbox that the mail of the portal comes in by; null for none. */
export interface PortalInboundShowResult {
  readonly inbound: InboundSummary | null
}

export default class PortalInboundShow extends BaseCommand<typeof PortalInboundShow, PortalInboundShowResult> {
  static override summary = "Show where the portal's mail comes in."
  static override examples = ['<%= config.bin %> <%= command.id %> --json']

  async run(): Promise<PortalInboundShowResult> {
    const {describeInbound} = await import('../../../lib/inbound.ts')
    const [portal, store] = [await this.portal(), await this.store()]
    const inbound = await describeInbound(store, portal)
    if (!inbound) this.nextStep(`postdesk portal inbound set imap --portal ${portal.key}`)
    return {inbound}
  }

  protected render({inbound}: PortalInboundShowResult, style: Style): string {
    if (!inbound) return 'There is no inbound: mail comes in only by `postdesk email deliver`.\n'
    const {lastError} = inbound
    return renderFields(
      [
        ['Mailbox', inbound.identity],
        ...(inbound.kind === 'imap'
          ? ([
              ['Security', inbound.security],
              ['Password', inbound.secret],
              ['Trusted authserv-id', inbound.trustedAuthservId],
              ['Moves mail to', inbound.moveTo],
            ] as const)
          : []),
        ['Envelope header', inbound.envelopeHeader],
        ['Marks as read', inbound.markSeen ? 'yes' : 'no'],
        ['Last sync', inbound.lastSyncAt],
        ['Last error', lastError && `${lastError.title}: ${lastError.why} (${lastError.at})`],
      ],
      style,
    )
  }
}
