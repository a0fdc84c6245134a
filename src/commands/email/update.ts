import {Args, Flags} from '@oclif/core'
import type {ChannelSummary} from '../../lib/channel-summary.ts'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {internalAddressFlags} from '../../lib/cli/flags.ts'
import {createProgress} from '../../lib/cli/progress.ts'
import {EXIT, interrupted} from '../../lib/errors.ts'
import type {RetriedItem} from '../../lib/quarantine-retry.ts'

/** The address as it is now. */
export interface EmailUpdateResult {
  readonly channel: ChannelSummary
  /** How many mails wait in the quarantine because the address was off; those of one that was switched on are taken in. */
  readonly waiting: number
  /** What became of the mails that waited. */
  readonly takenIn: readonly RetriedItem[]
  readonly changed: boolean
}

/** Mails from which on it takes so long that progress is told. */
const PROGRESS_FROM = 100

export default class EmailUpdate extends BaseCommand<typeof EmailUpdate, EmailUpdateResult> {
  static override summary = 'Change an address.'
  static override description =
    'A former address stays an alias for incoming mail. Mail for an address that is off waits in the quarantine, and is taken in when it is switched on.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> support@acme.example --queue sales --no-assign-online',
    '<%= config.bin %> <%= command.id %> support@acme.example --address help@acme.example',
    '<%= config.bin %> <%= command.id %> support@acme.example --no-active',
  ]
  static override args = {address: Args.string({name: 'ADDRESS', description: 'The address.', ignoreStdin: true})}
  static override flags = {
    ...internalAddressFlags,
    active: Flags.boolean<boolean | undefined>({summary: 'Switch it on, or off with --no-active.', allowNo: true}),
    address: Flags.string({helpValue: 'NEW', summary: 'Another address; this one stays an alias for incoming mail.'}),
    'drop-alias': Flags.string({helpValue: 'OLD', summary: 'A former address that is to lead here no longer.'}),
  }
  static override changes = true
  static override exitCodes = [EXIT.noInput, EXIT.notFound, EXIT.cannotCreate, EXIT.sigint, EXIT.sigterm]

  async run(): Promise<EmailUpdateResult> {
    const {updateInternalAddress} = await import('../../lib/internal-address.ts')
    const {givenFlags} = await import('../../lib/cli/given-flags.ts')
    const {autoReplyBody} = await import('../../lib/cli/auto-reply-body.ts')
    const {flags} = this
    givenFlags(flags, [
      ...(Object.keys(internalAddressFlags) as (keyof typeof internalAddressFlags)[]),
      'active',
      'address',
      'drop-alias',
    ])
    const body = await autoReplyBody(flags)
    const {ADDRESS} = await this.complete({ADDRESS: this.args.address}, {ADDRESS: this.choose.address})
    const [portal, store] = [await this.portal(), await this.store()]
    const {channel, waiting, changed} = await updateInternalAddress(
      store,
      portal,
      ADDRESS,
      {
        name: flags.name,
        queue: flags.queue,
        assignOnline: flags['assign-online'],
        autoReply: flags['auto-reply'],
        autoReplySubject: flags['auto-reply-subject'],
        autoReplyBody: body,
        active: flags.active,
        address: flags.address,
        dropAlias: flags['drop-alias'],
      },
      this.clock.now(),
    )
    const takenIn: RetriedItem[] = []
    const result = {channel, waiting: waiting.length, takenIn, changed}
    if (!channel.active || waiting.length === 0) return result
    const checkSender = await this.senderCheck()
    this.partialResult = result
    const {retryQuarantined} = await import('../../lib/quarantine-retry.ts')
    const stop = this.stopOnSignal()
    const progress =
      this.showsProgress && waiting.length >= PROGRESS_FROM
        ? createProgress(process.stderr, this.style(process.stderr), 'mails', undefined, 'take in')
        : null
    const options = {
      store,
      portal,
      selection: {ids: waiting},
      checkSender,
      clock: this.clock,
      log: this.log_,
      signal: stop.signal,
      ...(progress ? {onProgress: progress.update.bind(progress)} : {}),
    }
    for await (const batch of retryQuarantined(options)) takenIn.push(...batch)
    progress?.end()
    if (stop.signal.aborted) this.fail(interrupted(stop.reason()))
    return {...result, changed: true}
  }

  protected render({channel, waiting, takenIn, changed}: EmailUpdateResult): string {
    const mails = waiting === 1 ? '1 mail waited' : `${waiting} mails waited`
    const taken = takenIn.filter(({ticket}) => ticket !== null).length
    return [
      `${channel.address} ${changed ? 'changed' : 'is like that already'}.`,
      ...(changed && this.flags.address !== undefined ? ['Mail to the address before still comes in.'] : []),
      ...(waiting > 0 && channel.active ? [`${mails} in the quarantine for it; ${taken} taken in.`] : []),
      ...(waiting > 0 && !channel.active ? [`${waiting} in the quarantine for it.`] : []),
      '',
    ].join('\n')
  }
}
