import {Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {createProgress} from '../../lib/cli/progress.ts'
import {allFlag, channelFlag, quarantineIds, quarantineRequest, reasonFlag} from '../../lib/cli/quarantine-flags.ts'
import {renderRetried} from '../../lib/cli/render-quarantined.ts'
import {safeJson} from '../../lib/cli/safe-text.ts'
import type {Style} from '../../lib/cli/style.ts'
import {EXIT, interrupted} from '../../lib/errors.ts'
import type {RetriedItem} from '../../lib/quarantine-retry.ts'

/** What became of the mails that were tried again. */
export interface QuarantineRetryResult {
  /** The oldest first; none with `--jsonl`, which prints them as they come. */
  readonly items: readonly RetriedItem[]
  /** How many had each outcome. */
  readonly counts: Readonly<Record<string, number>>
  readonly changed: boolean
}

export default class QuarantineRetry extends BaseCommand<typeof QuarantineRetry, QuarantineRetryResult> {
  static override summary = 'Give quarantined mail another try, after what kept it out was mended.'
  static override description =
    'A mail that is kept whole is decided anew, as it would have been when it came; the oldest first. One that was too large or that the server withheld is fetched by the next sync. Interrupted, what was done is kept.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> 12',
    '<%= config.bin %> <%= command.id %> 12 13 14 --json',
    '<%= config.bin %> <%= command.id %> --reason unknown-recipient',
  ]
  static override args = quarantineIds
  static override flags = {
    ...reasonFlag,
    ...channelFlag,
    ...allFlag,
    jsonl: Flags.boolean({
      summary: 'Print one JSON object a line for each mail, as it happens.',
      exclusive: ['json'],
    }),
  }
  static override changes = true
  static override exitCodes = [EXIT.data, EXIT.notFound, EXIT.sigint, EXIT.sigterm]

  async run(): Promise<QuarantineRetryResult> {
    const [{retryQuarantined}, {resolveSelection}] = [
      await import('../../lib/quarantine-retry.ts'),
      await import('../../lib/quarantine-selection.ts'),
    ]
    const request =
      quarantineRequest(this.args.id, this.flags) ??
      this.refuseMissing(['ID'], [{text: 'Or say which by what is true of them: --reason, --channel or --all.'}])
    const [portal, store] = [await this.portal(), await this.store()]
    const selection = await resolveSelection(store, portal, request, {now: this.clock.now(), whole: true})
    const stop = this.stopOnSignal()
    const progress =
      this.showsProgress && !this.flags.jsonl && request.ids === undefined
        ? createProgress(process.stderr, this.style(process.stderr), 'mails', undefined, 'try')
        : null
    const items: RetriedItem[] = []
    const counts: Record<string, number> = {}
    let [tried, stay] = [0, 0]
    const result = {items, counts, changed: false}
    const checkSender = await this.senderCheck()
    this.partialResult = result
    const options = {
      store,
      portal,
      selection,
      checkSender,
      clock: this.clock,
      log: this.log_,
      signal: stop.signal,
      ...(progress ? {onProgress: progress.update.bind(progress)} : {}),
    }
    for await (const batch of retryQuarantined(options)) {
      for (const item of batch) {
        counts[item.outcome] = (counts[item.outcome] ?? 0) + 1
        tried++
        if (STAYS.has(item.outcome)) stay++
        else result.changed = true
        if (this.flags.jsonl) this.print(process.stdout, `${safeJson(item)}\n`)
        else items.push(item)
      }
    }
    progress?.end()
    if (stop.signal.aborted) this.fail(interrupted(stop.reason()))
    if (stay > 0) this.warning(`${stay} of ${tried} ${stay === 1 ? 'stays' : 'stay'} in the quarantine`)
    if ('waits' in counts) this.nextStep('postdesk email sync')
    return result
  }

  protected render(result: QuarantineRetryResult, style: Style): string {
    return this.flags.jsonl ? '' : renderRetried(result, style)
  }
}

/** Outcomes of mails that are in the quarantine as before. */
const STAYS: ReadonlySet<RetriedItem['outcome']> = new Set(['kept', 'quarantined'])
