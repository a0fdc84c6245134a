import type {ChannelSummary} from '../../lib/channel-summary.ts'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import type {Style} from '../../lib/cli/style.ts'
import {renderTable} from '../../lib/cli/table.ts'

/** The addresses of the portal. */
export interface EmailListResult {
  readonly channels: readonly ChannelSummary[]
}

export default class EmailList extends BaseCommand<typeof EmailList, EmailListResult> {
  static override summary = 'List the addresses of the portal.'
  static override examples = ['<%= config.bin %> <%= command.id %> --json']

  async run(): Promise<EmailListResult> {
    const {summariseChannels} = await import('../../lib/channel-summary.ts')
    const {passwordChecker} = await import('../../lib/account-password.ts')
    const [portal, store] = [await this.portal(), await this.store()]
    const hasPassword = passwordChecker({store, portal, secrets: () => this.secrets()})
    const channels = await summariseChannels(store.db, portal, {hasPassword})
    if (portal.inbound_source_id === null && channels.some(({canReceive}) => canReceive))
      this.nextStep(`postdesk portal inbound set imap --portal ${portal.key}`)
    return {channels}
  }

  protected render({channels}: EmailListResult, style: Style): string {
    if (channels.length === 0) return 'There is no address yet.\n'
    return renderTable(
      channels,
      [
        {title: 'ADDRESS', value: (channel) => channel.address},
        {title: 'KIND', value: (channel) => channel.kind},
        {title: 'NAME', value: (channel) => channel.name, shrinks: true},
        {title: 'QUEUE', value: (channel) => channel.queue},
        {title: 'STATE', value: (channel) => channel.state},
        {title: 'FORWARDED TO', value: (channel) => channel.forwardsTo},
        {title: 'ONLINE FIRST', value: (channel) => (channel.assignOnline ? 'yes' : 'no')},
        {title: 'AUTO-REPLY', value: (channel) => (channel.autoReply ? 'on' : 'off')},
        {title: 'LAST SYNC', value: (channel) => channel.lastSyncAt},
      ],
      style,
    )
  }
}
