import {Flags} from '@oclif/core'
import {Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {createProgress} from '../../lib/cli/progress.ts'
import {allFlag, channelFlag, quarantineIds, quarantineRequest, reasonFlag} from '../../lib/cli/quarantine-flags.ts'
import {refuseDash} from '../../lib/cli/refuse-dash.ts'
import {safeLine} from '../../lib/cli/safe-text.ts'
import {EXIT, interrupted, rawDamaged, usage} from '../../lib/errors.ts'
import type {ExportedItem} from '../../lib/quarantine-export.ts'

/** The files that were written. */
export interface QuarantineExportResult {
  readonly directory: string
  /** The oldest first. */
  readonly items: readonly ExportedItem[]
  readonly changed: boolean
}

/** Null without `--out`: what is printed then is the mail. */
export default class QuarantineExport extends BaseCommand<typeof QuarantineExport, QuarantineExportResult | null> {
  static override summary = 'Write quarantined mail into a directory, as it came.'
  static override description =
    'Each becomes ID-REASON.eml, or .headers where only its header is kept; quarantine.jsonl says what is known of each. Nothing is written over: the same export can be run again. One mail alone can go to standard output.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> 12 13 14 --out quarantined',
    '<%= config.bin %> <%= command.id %> --reason parse-failed --out quarantined --json',
    '<%= config.bin %> <%= command.id %> 12 > message.eml',
  ]
  static override args = quarantineIds
  static override flags = {
    ...reasonFlag,
    ...channelFlag,
    ...allFlag,
    out: Flags.string({helpValue: 'DIR', summary: 'The directory; it is made where it is missing, for you alone.'}),
  }
  static override exitCodes = [EXIT.data, EXIT.notFound, EXIT.cannotCreate, EXIT.sigint, EXIT.sigterm]

  async run(): Promise<QuarantineExportResult | null> {
    const {exportQuarantined, openQuarantined} = await import('../../lib/quarantine-export.ts')
    const request =
      quarantineRequest(this.args.id, this.flags) ??
      this.refuseMissing(['ID'], [{text: 'Or say which by what is true of them: --reason, --channel or --all.'}])
    const {out} = this.flags
    if (out === undefined) {
      const [id, ...others] = request.ids ?? []
      if (id === undefined || others.length > 0 || this.jsonMode) return this.refuseMissing(['--out'])
      if (process.stdout.isTTY)
        throw usage('a mail is not written to a terminal: it may hold what takes it over', [
          {text: 'Write it to a file:', command: `postdesk quarantine export ${id} > message.eml`},
          {text: 'Or read it made safe:', command: `postdesk quarantine show ${id}`},
        ])
      const [portal, store] = [await this.portal(), await this.store()]
      await pipeline(Readable.from(await openQuarantined(store, portal, id)), process.stdout, {end: false})
      return null
    }
    refuseDash(out, 'Without --out one mail goes to standard output, as it came.')
    const {resolveSelection} = await import('../../lib/quarantine-selection.ts')
    const [portal, store] = [await this.portal(), await this.store()]
    const selection = await resolveSelection(store, portal, request, {now: this.clock.now(), whole: false})
    const stop = this.stopOnSignal()
    const progress =
      this.showsProgress && request.ids === undefined
        ? createProgress(process.stderr, this.style(process.stderr), 'mails', undefined, 'write')
        : null
    const items: ExportedItem[] = []
    const result = {directory: out, items, changed: false}
    this.partialResult = result
    const options = {
      store,
      portal,
      selection,
      directory: out,
      signal: stop.signal,
      ...(progress ? {onProgress: progress.update.bind(progress)} : {}),
    }
    for await (const item of exportQuarantined(options)) {
      items.push(item)
      result.changed ||= item.outcome === 'written'
    }
    progress?.end()
    const damaged = items.filter(({outcome}) => outcome === 'damaged').map(({id}) => id)
    if (stop.signal.aborted) this.fail(interrupted(stop.reason()))
    else if (damaged.length > 0)
      this.fail(rawDamaged(`Quarantined mail ${damaged.join(', ')}`, 'the store does not have the bytes as they came'))
    return result
  }

  protected render(result: QuarantineExportResult | null): string {
    if (result === null) return ''
    const {directory, items} = result
    const of = (wanted: ExportedItem['outcome']) => items.filter(({outcome}) => outcome === wanted).length
    const told = [
      `${of('written')} written`,
      ...(of('there') > 0 ? [`${of('there')} there already`] : []),
      ...(of('nothing') > 0 ? [`${of('nothing')} of which nothing is kept`] : []),
      ...(of('damaged') > 0 ? [`${of('damaged')} damaged`] : []),
    ]
    return `${safeLine(directory)}: ${told.join(', ')}.\n`
  }
}
