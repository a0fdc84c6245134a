import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {MOST_ITEMS} from '../../lib/cli/flags.ts'
import {createProgress} from '../../lib/cli/progress.ts'
import type {InboundConfig} from '../../lib/inbound.ts'
import {imapTimeout} from '../../lib/cli/imap-timeout.ts'
import {renderSyncReport} from '../../lib/cli/render-sync.ts'
import {safeJson} from '../../lib/cli/safe-text.ts'
import type {Style} from '../../lib/cli/style.ts'
import {EXIT, HELD_ON_PURPOSE, interrupted} from '../../lib/errors.ts'
import type {FlushSummary, SentOutbox} from '../../lib/outbox/send-outbox.ts'
import type {SyncReport} from '../../lib/sync.ts'

/** What became of the mail that waited, and of what was due to be sent; null where a dry run sends nothing. */
export type EmailSyncResult = SyncReport & {readonly outbox: FlushSummary | null}

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
    const synced = this.flags.watch
      ? watch(options, (done, failed) => {
          progress?.end()
          this.tellPurged(done)
          if (failed) this.warning(`${failed.title}: ${failed.why}`)
          else if (this.showsProgress && !this.flags.jsonl)
            this.print(process.stderr, renderSyncReport({...done, outbox: null}, this.style(process.stderr)))
        })
      : sync(options)
    const sends = !this.flags['dry-run'] && !this.flags.watch
    const {report, failure} = await (this.flags.watch
      ? this.sendMeanwhile(synced, stop.signal)
      : synced.catch(async (error: unknown) => {
          // A portal without a mailbox, or one that another process pulls, has mail to send all the same.
          if (sends) await this.sendDue(stop.signal)
          throw error
        }))
    progress?.end()
    const sent = sends ? await this.sendDue(stop.signal) : null
    if (!this.flags.watch) this.tellPurged(report)
    if (failure) this.fail(failure)
    else if (stop.signal.aborted) this.fail(interrupted(stop.reason()))
    else if (report.totals.quarantined > 0) this.nextStep('postdesk quarantine list')
    return {...report, outbox: sent?.result ?? null}
  }

  /** What is due leaves with a sync. An account by which nothing leaves is no failure of it. */
  private async sendDue(signal: AbortSignal): Promise<SentOutbox> {
    const {sendOutbox} = await import('../../lib/outbox/send-outbox.ts')
    const sent = await sendOutbox(await this.sending(signal))
    this.tellHeld(sent.result)
    return sent
  }

  /** A watch sends as well, until it ends. */
  private async sendMeanwhile<T>(watching: Promise<T>, signal: AbortSignal): Promise<T> {
    const {watchOutbox} = await import('../../lib/outbox/send-outbox.ts')
    const ended = new AbortController()
    const options = await this.sending(AbortSignal.any([signal, ended.signal]))
    const sending = watchOutbox(
      options,
      (summary) => this.tellHeld(summary),
      ({title, why}) => this.warning(`${title}: ${why}`),
    )
    sending.catch(() => {}) // awaited below; what ends it first must not end the process
    try {
      return await watching
    } finally {
      ended.abort()
      await sending
    }
  }

  private async sending(signal: AbortSignal) {
    const [store, portal, secrets] = [await this.store(), await this.portal(), await this.secrets()]
    return {store, portal, secrets, clock: this.clock, log: this.log_, signal}
  }

  private tellHeld({held}: FlushSummary): void {
    for (const {address, title, why, waiting, code} of held)
      if (!HELD_ON_PURPOSE.has(code))
        this.warning(`${waiting} ${waiting === 1 ? 'mail waits' : 'mails wait'} for ${address}: ${title}: ${why}`)
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
