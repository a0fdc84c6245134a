import {Args} from '@oclif/core'
import type {ChannelSummary} from '../../lib/channel-summary.ts'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {renderFields} from '../../lib/cli/render-fields.ts'
import type {Style} from '../../lib/cli/style.ts'
import {EXIT} from '../../lib/errors.ts'

/** One address. */
export type EmailShowResult = ChannelSummary

const yesNo = (value: boolean) => (value ? 'yes' : 'no')

export default class EmailShow extends BaseCommand<typeof EmailShow, EmailShowResult> {
  static override summary = 'Show an address.'
  static override examples = ['<%= config.bin %> <%= command.id %> support@acme.example']
  static override args = {address: Args.string({name: 'ADDRESS', description: 'The address.', ignoreStdin: true})}
  static override exitCodes = [EXIT.notFound]

  async run(): Promise<EmailShowResult> {
    const {requireChannel, summariseChannel} = await import('../../lib/channel-summary.ts')
    const {ADDRESS} = await this.complete({ADDRESS: this.args.address}, {ADDRESS: this.choose.address})
    const {passwordChecker} = await import('../../lib/account-password.ts')
    const [portal, store] = [await this.portal(), await this.store()]
    const hasPassword = passwordChecker({store, portal, secrets: () => this.secrets()})
    return summariseChannel(store.db, portal, await requireChannel(store.db, portal, ADDRESS), {hasPassword})
  }

  protected render(channel: EmailShowResult, style: Style): string {
    const {autoReply, forwardsTo, lastError, server} = channel
    return renderFields(
      [
        ['Address', channel.address],
        ['Kind', channel.kind],
        ['Name', channel.name],
        ['State', channel.state],
        ['Queue', channel.queue],
        ['Online agents first', yesNo(channel.assignOnline)],
        ['Receives', yesNo(channel.canReceive)],
        ...(forwardsTo === null ? [] : ([['  Forwarded to', forwardsTo]] as const)),
        ['Sends', yesNo(channel.canSend)],
        ...(server
          ? ([
              ['  Server', `${server.host}:${server.port}`],
              ['  Security', server.security],
              ['  User', server.user],
              ['  Login tried', server.verifiedAt],
            ] as const)
          : []),
        ['Automatic reply', autoReply ? 'on' : 'off'],
        ...(autoReply
          ? ([
              ['  Subject', autoReply.subject],
              ['  Text', autoReply.body],
            ] as const)
          : []),
        ['Last sync', channel.lastSyncAt],
        ['Last error', lastError && `${lastError.title}: ${lastError.why} (${lastError.at})`],
      ],
      style,
    )
  }
}
