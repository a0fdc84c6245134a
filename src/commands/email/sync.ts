import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {MOST_ITEMS} from '../../lib/cli/flags.ts'
import {createProgress} from '../../lib/cli/progress.ts'
import type {InboundConfig} from '../../lib/inbound.ts'
import {imapTimeout} from '../../lib/cli/imap-timeout.ts'
import {renderSyncReport} from '../../lib/cli/render-sync.ts'
import {safeJson} from '../../lib/cli/safe-text.ts'
import type {Style} from '../../lib/cli/style.ts'
import {EXIT, interrupted} from '../../lib/errors.ts'
import type {SyncReport} from '../../lib/sync.ts'

/** What became of the mail that waited. */
export type EmailSyncResult = SyncReport

/** Messages above which a first run on a terminal asks before it takes them. */
const ASK_ABOVE = 1000

export default class EmailSync extends BaseCommand<typeof EmailSync, EmailSyncResult> {
  static override summary = 'Pull everything new from the mailboxes into tickets, exactly once.'
  static override description =
    'Says for every message what became of it. Interrupted at any moment, the next run continues where this one ended. Nothing is altered on the server unless the inbound asks for it.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --dry-run --jsonl',
    '<%= config.bin %> <%= command.id %> --since 2026-03-01 --limit 500 --json',
  ]
  static override args = {
    address: Args.string({
      name: 'ADDRESS',
      description: 'Only the mailboxes of these addresses.',
      multiple: true,
      ignoreStdin: true,
    }),
  }
  static override flags = {
    since: Flags.string({
      summary: 'Only mail from this date on; older mail is left for a wider --since.',
      helpValue: 'DATE|all',
    }),
    limit: Flags.integer({
      summary: 'At most so many messages, the oldest first; the next run takes the rest.',
      min: 1,
      max: MOST_ITEMS,
    }),
    'dry-run': Flags.boolean({
      summary: 'Say what would happen, and change nothing.',
      exclusive: ['watch'],
      default: false,
    }),
    jsonl: Flags.boolean({
      summary: 'Print one JSON object a line for each message, as it happens.',
      exclusive: ['json'],
    }),
    watch: Flags.boolean({summary: 'Go on until interrupted, and fetch mail as it arrives.'}),
  }
  static override changes = true
  static override exitCodes = [
    EXIT.dns,
    EXIT.tcp,
    EXIT.tls,
    EXIT.protocol,
    EXIT.credentials,
    EXIT.loginClosed,
    EXIT.unavailable,
    EXIT.tryAgain,
    EXIT.config,
    EXIT.sigint,
    EXIT.sigterm,
  ]
  static override environment = ['POSTDESK_IMAP_TIMEOUT']

  async run(): Promise<EmailSyncResult> {
    const [{sync, watch}, {parseSince}, {accountPassword, INBOUND}] = [
      await import('../../lib/sync.ts'),
      await import('../../lib/cli/since.ts'),
      await import('../../lib/account-password.ts'),
    ]
    const [store, portal] = [await this.store(), await this.portal()]
    await this.checkAddresses()
    const silenceMs = imapTimeout(process.env)
    const stop = this.stopOnSignal()
    const progress =
      this.showsProgress && !this.flags.jsonl
        ? createProgress(process.stderr, this.style(process.stderr), 'messages')
        : null
    const password = accountPassword({store, portal, secrets: await this.secrets()})
    const options = {
      store,
      portal,
      checkSender: await this.senderCheck(),
      clock: this.clock,
      log: this.log_,
      password: async (config: InboundConfig) => (config.kind === 'imap' ? password(INBOUND, config) : null),
      dryRun: this.flags['dry-run'],
      signal: stop.signal,
      ...(this.flags.since === undefined ? {} : {since: parseSince(this.flags.since, portal.timezone)}),
      ...(this.flags.limit === undefined ? {} : {limit: this.flags.limit}),
      ...(silenceMs === undefined ? {} : {silenceMs}),
      ...(this.interactive && !this.flags.yes && this.flags.limit === undefined
        ? {
            confirm: async (expected: number) =>
              expected <= ASK_ABOVE || this.confirmYes(`${expected} messages wait. Fetch them all now?`, true),
          }
        : {}),
      ...(this.flags.jsonl ? {onLine: (line: object) => this.print(process.stdout, `${safeJson(line)}\n`)} : {}),
      ...(progress ? {onProgress: progress.update.bind(progress)} : {}),
    }
    const {report, failure} = await (this.flags.watch
      ? watch(options, (done, failed) => {
          progress?.end()
          this.tellPurged(done)
          if (failed) this.warning(`${failed.title}: ${failed.why}`)
          else if (this.showsProgress && !this.flags.jsonl)
            this.print(process.stderr, renderSyncReport(done, this.style(process.stderr)))
        })
      : sync(options))
    progress?.end()
    if (!this.flags.watch) this.tellPurged(report)
    if (failure) this.fail(failure)
    else if (stop.signal.aborted) this.fail(interrupted(stop.reason()))
    else if (report.totals.quarantined > 0) this.nextStep('postdesk quarantine list')
    return report
  }

  protected render(report: EmailSyncResult, style: Style): string {
    return this.flags.jsonl ? '' : renderSyncReport(report, style)
  }

  /** Also where nothing came in: what is removed is never removed silently. */
  private tellPurged({totals: {purged}}: SyncReport): void {
    if (purged > 0)
      this.warning(
        `${purged} quarantined ${purged === 1 ? 'mail was' : 'mails were'} purged after their time or to make room; only the header is kept (postdesk quarantine list --purged)`,
      )
  }

  /** Internal addresses have no mailbox of their own: each is served by the portal's inbound. */
  private async checkAddresses(): Promise<void> {
    const {requireChannel} = await import('../../lib/channel-summary.ts')
    const [{db}, portal] = [await this.store(), await this.portal()]
    for (const address of this.args.address ?? []) await requireChannel(db, portal, address)
  }
}
