import {Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {EXIT, PostdeskError} from '../../lib/errors.ts'

/** What became of the mail. */
export interface EmailDeliverResult {
  readonly outcome: 'created' | 'appended' | 'duplicate' | 'quarantined' | 'skipped'
  readonly ticket: number | null
  readonly address: string | null
  readonly reason: string
}

export default class EmailDeliver extends BaseCommand<typeof EmailDeliver, EmailDeliverResult> {
  static override summary = 'Take one mail from standard input, as an MTA pipes it.'
  static override description =
    'Exit code 0 only after the mail is committed. 67: no such address, nothing was kept, the MTA bounces. 65: there was no message. Everything else, whatever happens, is 75: the MTA keeps the mail and tries again.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --recipient=support@acme.example --sender=jane@example.com < message.eml',
  ]
  static override flags = {
    recipient: Flags.string({summary: 'The SMTP recipient (RCPT TO).', helpValue: 'ADDR', required: true}),
    sender: Flags.string({summary: 'The SMTP sender (MAIL FROM); empty for the null reverse-path.', helpValue: 'ADDR'}),
    'quarantine-unknown': Flags.boolean({summary: 'Keep mail for unknown addresses in the quarantine.'}),
  }
  static override exitCodes = [EXIT.data, EXIT.notFound, EXIT.tryAgain]

  async run(): Promise<EmailDeliverResult> {
    const [{deliver}, {randomUUID}] = [await import('../../lib/deliver.ts'), await import('node:crypto')]
    const {sender} = this.flags
    const outcome = await deliver({
      store: await this.store(),
      portal: this.flags.portal === undefined ? null : await this.portal(),
      recipient: this.flags.recipient,
      sender: sender === '' || sender === '<>' ? null : sender,
      quarantineUnknown: this.flags['quarantine-unknown'],
      input: process.stdin,
      checkSender: await this.senderCheck(),
      clock: this.clock,
      log: this.log_,
      itemKey: randomUUID(),
    })
    return {outcome: outcome.kind, ticket: outcome.ticket, address: outcome.address, reason: outcome.reason}
  }

  protected render(): string {
    return ''
  }

  /** An MTA shows what a pipe prints to the sender of the mail: one status line (RFC 3463), and no detail. */
  protected override translate(thrown: unknown): PostdeskError {
    const error = super.translate(thrown)
    if (error.exitCode === EXIT.notFound && error.code === 'EMAIL_ADDRESS_NOT_FOUND') return error
    if (error.code === 'EMPTY_MESSAGE') return error
    return new PostdeskError({
      code: error.code,
      exitCode: EXIT.tryAgain,
      title: error.title,
      why: error.why,
      fixes: error.fixes,
      cause: error,
    })
  }

  protected override renderFailure(error: PostdeskError): void {
    const status: Partial<Record<number, string>> = {
      [EXIT.notFound]: '5.1.1 no such address',
      [EXIT.data]: '5.6.0 there is no message',
    }
    this.print(process.stdout, `${status[error.exitCode] ?? '4.3.0 temporary failure'}\n`)
  }
}
