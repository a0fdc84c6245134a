import {Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {deliveryLine, LETTER_EXITS, letterFlags} from '../../lib/cli/letter-flags.ts'
import {asAgent, bodyFlags, ticketArg, ticketQuestion} from '../../lib/cli/ticket-flags.ts'
import {parseNumber} from '../../lib/cli/ticket-number.ts'
import type {Address} from '../../lib/message/message.ts'
import type {OutboxRecipient} from '../../lib/outbox/items.ts'

/** The reply, and what became of it. */
export interface TicketReplyResult {
  readonly number: number
  /** The id of the message, in its ticket and in the outbox. */
  readonly message: number
  /** Without angle brackets. */
  readonly messageId: string
  /** The address that it leaves by. */
  readonly from: string
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  /** Who was in the mail that is answered and does not get this one, and why. */
  readonly leftOut: readonly {readonly address: string; readonly why: string}[]
  readonly delivery: readonly OutboxRecipient[]
  readonly changed: true
}

export default class TicketReply extends BaseCommand<typeof TicketReply, TicketReplyResult> {
  static override summary = 'Answer a ticket by mail.'
  static override description =
    "Leaves by the address that the ticket came by where that can send, else by its queue's sender. The reply is kept before it is sent: whatever happens then, it waits in the outbox and the command must not be repeated."
  static override examples = [
    '<%= config.bin %> <%= command.id %> 42 --body "It is on its way." --as ann@acme.example',
    '<%= config.bin %> <%= command.id %> 42 --all --attach invoice.pdf --close < answer.txt',
  ]
  static override args = {number: ticketArg}
  static override flags = {
    ...bodyFlags,
    ...letterFlags,
    from: Flags.string({helpValue: 'ADDRESS', summary: 'Address to send by, in place of the usual one.'}),
    cc: Flags.string({helpValue: 'ADDRESS…', summary: 'Who gets it too; several may follow.', multiple: true}),
    all: Flags.boolean({summary: 'To everyone who takes part and was in To or Cc of the mail that is answered.'}),
    quote: Flags.boolean({summary: 'Quote the words that are answered below (default).', allowNo: true, default: true}),
    close: Flags.boolean({summary: 'Close the ticket with it, unless nobody gets it.'}),
    ...asAgent,
  }
  static override changes = true
  static override exitCodes = LETTER_EXITS

  async run(): Promise<TicketReplyResult> {
    const [{readBody}, {readAttachments}, {addressesOf}] = [
      await import('../../lib/cli/read-body.ts'),
      await import('../../lib/cli/read-attachments.ts'),
      await import('../../lib/cli/addresses-of.ts'),
    ]
    const {flags} = this
    const body = await readBody(flags, process.stdin)
    const {NUMBER} = await this.complete(
      {NUMBER: this.args.number},
      {NUMBER: ticketQuestion},
      body === undefined ? ['--body'] : [],
    )
    if (body === undefined && !this.interactive) this.refuseMissing(['--body'])
    const number = parseNumber('NUMBER', NUMBER)
    const cc = addressesOf('--cc', flags.cc ?? [])
    const attachments = await readAttachments(flags.attach ?? [])
    const {checkReply, replyToTicket} = await import('../../lib/reply.ts')
    const [store, portal] = [await this.store(), await this.portal()]
    // Nobody writes an answer that is refused afterwards.
    if (body === undefined) await checkReply(store, portal, number, {from: flags.from, agent: flags.as})
    const text = body ?? (await this.writeText('Your answer'))
    const as = {now: this.clock.now(), ...(flags.as === undefined ? {} : {agent: flags.as})}
    const reply = await replyToTicket(
      store,
      portal,
      number,
      {text, from: flags.from, cc, all: flags.all, attachments, quote: flags.quote},
      as,
    )
    for (const {address, why} of reply.leftOut) this.warning(`${address} does not get it: ${why}`)
    const {message, messageId, from, to, cc: copies, leftOut} = reply
    const about = {number, message, messageId, from, to, cc: copies, leftOut, changed: true} as const
    const delivery = await this.sendWritten({id: message, senderId: reply.senderId})
    // A customer who got no answer has a matter that is not closed.
    if (flags.close && delivery.some(({state}) => state !== 'failed')) {
      const {setStatusOf} = await import('../../lib/ticket-changes.ts')
      await setStatusOf(store, portal, [number], 'closed', as)
    } else if (flags.close) this.warning(`Ticket ${number} stays as it is: nobody got the answer.`)
    return {...about, delivery}
  }

  protected render({number, from, delivery}: TicketReplyResult): string {
    return `Ticket ${number} is answered by ${from}: ${deliveryLine(delivery)}.\n`
  }
}
