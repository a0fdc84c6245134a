import {Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {describeSent} from '../../lib/cli/render-outbox.ts'
import {safeJson, safeLine} from '../../lib/cli/safe-text.ts'
import {EXIT, interrupted, notAllSent} from '../../lib/errors.ts'
import type {FlushSummary} from '../../lib/outbox/send-outbox.ts'

/** What became of the mail that was due. */
export type OutboxSendResult = FlushSummary

export default class OutboxSend extends BaseCommand<typeof OutboxSend, OutboxSendResult> {
  static override summary = 'Send the mail that is due.'
  static override description =
    'Replies and automatic replies leave by this command, by email sync and by ticket reply. A server that refuses for now is asked again after 1, 5, 15 minutes and so on, for five days; a login that is refused pauses the address until somebody acts.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --watch']
  static override flags = {
    watch: Flags.boolean({summary: 'Go on until interrupted, and send mail as it becomes due.', exclusive: ['json']}),
    jsonl: Flags.boolean({
      summary: 'Print one JSON object a line for each message, as it is sent.',
      exclusive: ['json'],
    }),
  }
  static override changes = true
  static override exitCodes = [
    EXIT.dns,
    EXIT.tcp,
    EXIT.tls,
    EXIT.protocol,
    EXIT.credentials,
    EXIT.loginClosed,
    EXIT.sender,
    EXIT.recipient,
    EXIT.tryAgain,
    EXIT.config,
    EXIT.sigint,
    EXIT.sigterm,
  ]

  async run(): Promise<OutboxSendResult> {
    const {sendOutbox, watchOutbox} = await import('../../lib/outbox/send-outbox.ts')
    const [portal, store] = [await this.portal(), await this.store()]
    const stop = this.stopOnSignal()
    const options = {
      store,
      portal,
      secrets: await this.secrets(),
      clock: this.clock,
      log: this.log_,
      signal: stop.signal,
      ...(this.flags.jsonl ? {onLine: (line: object) => this.print(process.stdout, `${safeJson(line)}\n`)} : {}),
    }
    const summary = await (this.flags.watch
      ? watchOutbox(
          options,
          ({sent, failed, unknown, held}) => {
            for (const {address, title, why} of held) this.warning(`${address}: ${title}: ${why}`)
            if (this.showsProgress && !this.flags.jsonl && sent + failed + unknown > 0)
              this.print(process.stderr, `${describeSent({sent, failed, queued: 0, unknown})}\n`)
          },
          ({title, why}) => this.warning(`${title}: ${why}`),
        )
      : sendOutbox(options))
    if (stop.signal.aborted) this.fail(interrupted(stop.reason()))
    else if (summary.failure !== null) this.fail(summary.failure)
    else if (summary.result.failed > 0) this.fail(notAllSent(summary.result.failed, portal.key))
    if (summary.result.unknown > 0)
      this.warning(
        `Of ${summary.result.unknown} nobody knows whether they arrived; they are not sent again by themselves (postdesk outbox list --state unknown)`,
      )
    return summary.result
  }

  protected render(summary: OutboxSendResult): string {
    if (this.flags.jsonl) return ''
    const held = summary.held.map(
      ({address, paused, title, why, waiting}) =>
        `${safeLine(address)}: ${waiting} ${paused ? 'held' : 'waiting'}: ${safeLine(`${title}: ${why}`)}\n`,
    )
    const {sent, failed, queued, unknown} = summary
    const nothing = held.length > 0 && sent + failed + queued + unknown === 0
    return [...(nothing ? [] : [`${describeSent(summary)}\n`]), ...held].join('')
  }
}
