import {Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {createProgress} from '../../lib/cli/progress.ts'
import type {Style} from '../../lib/cli/style.ts'
import {renderTable} from '../../lib/cli/table.ts'
import {EXIT, storeCheckFailed} from '../../lib/errors.ts'
import type {CheckReport} from '../../lib/store-check.ts'

/** What was looked at, and what of it is damaged. */
export interface StoreCheckResult extends CheckReport {
  /** True where `--repair` removed something. */
  readonly changed: boolean
}

/** What each check looks at. */
const CHECKS = {
  integrity: 'the file, as SQLite checks it',
  references: 'what refers to what',
  messages: 'every message has its mail',
  sequences: 'every mail is there from its first byte to its last',
  content: 'the bytes are those that came (SHA-256)',
} as const

export default class StoreCheck extends BaseCommand<typeof StoreCheck, StoreCheckResult> {
  static override summary = 'Check that what the store holds is whole.'
  static override description =
    'Exit code 0 where nothing is damaged, 65 where mails are, 69 where the database itself is. Changes nothing without --repair.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --full --json',
  ]
  static override flags = {
    full: Flags.boolean({
      default: false,
      summary: 'Compare the content of every mail with its hash, not of a sample only.',
    }),
    repair: Flags.boolean({
      default: false,
      summary: 'Remove what writers that died a day ago or more have left unfinished; nothing refers to it.',
    }),
  }
  static override exitCodes = [EXIT.data, EXIT.unavailable, EXIT.config]

  async run(): Promise<StoreCheckResult> {
    const {checkStore} = await import('../../lib/store-check.ts')
    const {full, repair} = this.flags
    const progress =
      full && this.showsProgress && process.stderr.isTTY
        ? createProgress(process.stderr, this.style(process.stderr), 'mails')
        : null
    const report = await checkStore(await this.storeLocation(), {
      full,
      repair,
      onProgress: (taken, expected, bytes) => progress?.update({taken, expected, bytes}),
    })
    progress?.end()
    const damaged = report.checks.filter((check) => check.damaged > 0)
    if (damaged.length > 0)
      this.fail(
        storeCheckFailed(
          report.store,
          damaged.map(({id, damaged}) => `${id}: ${damaged}`).join(', '),
          damaged.some(({id}) => id === 'integrity' || id === 'references') ? EXIT.unavailable : EXIT.data,
        ),
      )
    return {...report, changed: report.swept > 0}
  }

  protected render({checks, damage, raw, full, swept}: StoreCheckResult, style: Style): string {
    const {colour} = style
    const table = renderTable(
      checks,
      [
        {title: 'CHECK', value: ({id}) => CHECKS[id], shrinks: true},
        {title: 'LOOKED AT', value: ({checked}) => checked, right: true},
        {title: 'DAMAGED', value: ({damaged}) => damaged, right: true},
      ],
      style,
    )
    const notes = [
      ...damage.map(({portal, tickets, text}) => {
        const where = [
          ...(portal ? [`portal ${portal}`] : []),
          ...(tickets.length > 0 ? [`ticket ${tickets.join(', ')}`] : []),
        ]
        return `${colour.red('✗')} ${where.length > 0 ? `${where.join(', ')}: ` : ''}${text}`
      }),
      ...(full ? [] : [colour.dim('A sample of the mails was compared; --full compares all.')]),
      ...(raw.unfinished > 0
        ? [`${raw.unfinished} mails are unfinished: being written, or left by a writer that died.`]
        : []),
      ...(swept > 0 ? [`${swept} unfinished mails of dead writers were removed.`] : []),
    ]
    return `${table}${notes.map((line) => `${line}\n`).join('')}`
  }
}
