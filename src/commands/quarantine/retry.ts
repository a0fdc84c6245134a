import {Args} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import type {Style} from '../../lib/cli/style.ts'
import {renderTable} from '../../lib/cli/table.ts'
import {EXIT, invalidValue} from '../../lib/errors.ts'
import type {RetriedItem} from '../../lib/quarantine-retry.ts'

/** What became of the mails that were tried again. */
export interface QuarantineRetryResult {
  readonly items: readonly RetriedItem[]
  readonly changed: boolean
}

export default class QuarantineRetry extends BaseCommand<typeof QuarantineRetry, QuarantineRetryResult> {
  static override summary = 'Give quarantined mail another try, after what kept it out was mended.'
  static override description =
    'A mail that is kept whole is decided anew. One that was too large or that the server withheld is fetched by the next sync.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> 12',
    '<%= config.bin %> <%= command.id %> 12 13 14 --json',
  ]
  static override args = {
    id: Args.string({name: 'ID', description: 'As in the list.', required: true, multiple: true, ignoreStdin: true}),
  }
  static override changes = true
  static override exitCodes = [EXIT.notFound]

  async run(): Promise<QuarantineRetryResult> {
    const {retryQuarantined} = await import('../../lib/quarantine-retry.ts')
    const ids = this.args.id.map((word) => {
      if (!/^\d{1,15}$/.test(word))
        throw invalidValue(`ID ${JSON.stringify(word)}`, 'ids are the numbers of `postdesk quarantine list`')
      return Number(word)
    })
    const items = await retryQuarantined({
      store: await this.store(),
      portal: await this.portal(),
      ids,
      clock: this.clock,
      log: this.log_,
    })
    if (items.some((item) => item.outcome === 'waits')) this.nextStep('postdesk email sync')
    return {items, changed: items.some((item) => !['kept', 'quarantined'].includes(item.outcome))}
  }

  protected render({items}: QuarantineRetryResult, style: Style): string {
    return renderTable(
      items,
      [
        {title: 'ID', value: (item) => item.id, right: true},
        {title: 'OUTCOME', value: (item) => item.outcome},
        {title: 'TICKET', value: (item) => item.ticket, right: true},
        {title: 'WHY', value: (item) => item.reason, shrinks: true},
      ],
      style,
    )
  }
}
