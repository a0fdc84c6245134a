import {Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {deliveryLine, LETTER_EXITS, letterFlags} from '../../lib/cli/letter-flags.ts'
import {asAgent, bodyFlags} from '../../lib/cli/ticket-flags.ts'
import type {Address} from '../../lib/message/message.ts'
import type {OutboxRecipient} from '../../lib/outbox/items.ts'

/** The new ticket, and what became of its first mail. */
export interface TicketAddResult {
  readonly number: number
  /** The id of the message, in its ticket and in the outbox. */
  readonly message: number
  /** Without angle brackets. */
  readonly messageId: string
  /** The address that it leaves by. */
  readonly from: string
  readonly to: readonly Address[]
  readonly delivery: readonly OutboxRecipient[]
  readonly changed: true
}

export default class TicketAdd extends BaseCommand<typeof TicketAdd, TicketAddResult> {
  static override summary = 'Start a conversation: a new ticket whose first mail is ours.'
  static override description =
    'The ticket belongs to the agent of --as where that is a member of its queue. The mail is kept before it is sent: whatever happens then, it waits in the outbox and the command must not be repeated.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --to jane@example.com --from help@customer-care.example --subject "Your order" --body "It is ready."',
    '<%= config.bin %> <%= command.id %> --to jane@example.com --from help@customer-care.example --subject "Your invoice" --attach invoice.pdf --as ann@acme.example < letter.txt',
  ]
  static override flags = {
    to: Flags.string({helpValue: 'ADDRESS…', summary: 'Who gets it; several may follow.', multiple: true}),
    from: Flags.string({helpValue: 'CHANNEL', summary: 'Address to send by.'}),
    subject: Flags.string({helpValue: 'S', summary: 'Subject of the mail and of the ticket.'}),
    ...bodyFlags,
    queue: Flags.string({helpValue: 'KEY', summary: 'Queue of the ticket; default: that of the address.'}),
    ...letterFlags,
    ...asAgent,
  }
  static override changes = true
  static override exitCodes = LETTER_EXITS

  async run(): Promise<TicketAddResult> {
    const [{readBody}, {readAttachments}, {addressesOf}, {checkSubject}] = [
      await import('../../lib/cli/read-body.ts'),
      await import('../../lib/cli/read-attachments.ts'),
      await import('../../lib/cli/addresses-of.ts'),
      await import('../../lib/channel-address.ts'),
    ]
    const {flags} = this
    const body = await readBody(flags, process.stdin)
    const given = await this.complete(
      {'--to': flags.to?.join(', '), '--from': flags.from, '--subject': flags.subject},
      {
        '--to': {message: 'To'},
        '--from': this.choose.address,
        '--subject': {message: 'Subject', validate: checkSubject},
      },
      body === undefined ? ['--body'] : [],
    )
    if (body === undefined && !this.interactive) this.refuseMissing(['--body'])
    const to = addressesOf('--to', flags.to ?? [given['--to']])
    const attachments = await readAttachments(flags.attach ?? [])
    const {checkSender, startConversation} = await import('../../lib/reply.ts')
    const [store, portal] = [await this.store(), await this.portal()]
    const {from, subject} = {from: given['--from'], subject: given['--subject']}
    // Nobody writes a mail that is refused afterwards.
    if (body === undefined) await checkSender(store, portal, from)
    const text = body ?? (await this.writeText('Your mail'))
    const started = await startConversation(
      store,
      portal,
      {to, from, subject, text, queue: flags.queue, attachments},
      {now: this.clock.now(), ...(flags.as === undefined ? {} : {agent: flags.as})},
    )
    const {ticket: number, message, messageId, from: by} = started
    const delivery = await this.sendWritten({id: message, senderId: started.senderId})
    return {number, message, messageId, from: by, to: started.to, delivery, changed: true}
  }

  protected render({number, from, delivery}: TicketAddResult): string {
    return `Ticket ${number} is open, by ${from}: ${deliveryLine(delivery)}.\n`
  }
}
