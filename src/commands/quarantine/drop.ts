import {BaseCommand} from '../../lib/cli/base-command.ts'
import {formatBytes} from '../../lib/cli/format-bytes.ts'
import {createProgress} from '../../lib/cli/progress.ts'
import {
  channelFlag,
  olderThanFlag,
  purgedFlag,
  quarantineIds,
  quarantineRequest,
  reasonFlag,
} from '../../lib/cli/quarantine-flags.ts'
import {EXIT, interrupted, notConfirmed} from '../../lib/errors.ts'
import type {DroppedItem} from '../../lib/quarantine-drop.ts'

/** The mails that are gone. */
export interface QuarantineDropResult {
  /** The oldest first. */
  readonly dropped: readonly DroppedItem[]
  readonly changed: boolean
}

export default class QuarantineDrop extends BaseCommand<typeof QuarantineDrop, QuarantineDropResult> {
  static override summary = 'Remove quarantined mail for good.'
  static override description =
    'Nothing of it is kept here; in the mailbox it came from it stays as it is, and no sync fetches it again.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> 12 13 14 --yes',
    '<%= config.bin %> <%= command.id %> --reason unknown-recipient --older-than 7 --yes --json',
  ]
  static override args = quarantineIds
  static override flags = {...reasonFlag, ...channelFlag, ...olderThanFlag, ...purgedFlag}
  static override changes = true
  static override exitCodes = [EXIT.notFound, EXIT.sigint, EXIT.sigterm]

  async run(): Promise<QuarantineDropResult> {
    const [{dropQuarantined, measureDrop}, {resolveSelection}] = [
      await import('../../lib/quarantine-drop.ts'),
      await import('../../lib/quarantine-selection.ts'),
    ]
    const request =
      quarantineRequest(this.args.id, this.flags) ??
      this.refuseMissing(['ID'], [{text: 'Or say which by what is true of them: --reason, --channel or --purged.'}])
    const [portal, store] = [await this.portal(), await this.store()]
    const selection = await resolveSelection(store, portal, request, {now: this.clock.now(), whole: false})
    const {mails, bytes} = await measureDrop(store, portal, selection)
    if (mails === 0) return {dropped: [], changed: false}
    const what = `${mails} quarantined ${mails === 1 ? 'mail' : 'mails'} (${formatBytes(bytes)})`
    if (!(await this.confirmYes(`Remove ${what} for good?`, false))) throw notConfirmed(`Removing ${what}`, '--yes')
    const stop = this.stopOnSignal()
    const progress =
      this.showsProgress && request.ids === undefined
        ? createProgress(process.stderr, this.style(process.stderr), 'mails', undefined, 'remove')
        : null
    const dropped: DroppedItem[] = []
    const result = {dropped, changed: false}
    this.partialResult = result
    const options = {
      store,
      portal,
      selection,
      signal: stop.signal,
      ...(progress
        ? {onProgress: (done: {taken: number; bytes: number}) => progress.update({...done, expected: mails})}
        : {}),
    }
    for await (const batch of dropQuarantined(options)) {
      dropped.push(...batch)
      result.changed ||= batch.length > 0
    }
    progress?.end()
    if (stop.signal.aborted) this.fail(interrupted(stop.reason()))
    return result
  }

  protected render({dropped}: QuarantineDropResult): string {
    if (dropped.length === 0) return 'There is nothing to remove.\n'
    return `${dropped.length} quarantined ${dropped.length === 1 ? 'mail' : 'mails'} removed.\n`
  }
}
