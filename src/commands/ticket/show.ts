import {Flags} from '@oclif/core'
import {Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {renderConversation} from '../../lib/cli/render-conversation.ts'
import type {Style} from '../../lib/cli/style.ts'
import {ticketArg, ticketQuestion} from '../../lib/cli/ticket-flags.ts'
import {parseNumber} from '../../lib/cli/ticket-number.ts'
import type {Conversation} from '../../lib/conversation.ts'
import {EXIT, usage} from '../../lib/errors.ts'

/** A ticket with its messages and events. */
export type TicketShowResult = Conversation

/** Null with `--raw`: what is printed then is the mail. */
export default class TicketShow extends BaseCommand<typeof TicketShow, TicketShowResult | null> {
  static override summary = 'Show a ticket as a conversation.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> 42',
    '<%= config.bin %> <%= command.id %> 42 --json',
    '<%= config.bin %> <%= command.id %> 42 --raw 7 > message.eml',
  ]
  static override args = {number: ticketArg}
  static override flags = {
    raw: Flags.string({
      helpValue: 'ID',
      summary: 'Write the bytes of this message as they came; never to a terminal.',
      exclusive: ['json'],
    }),
  }
  static override exitCodes = [EXIT.data, EXIT.notFound]
  #timezone = 'UTC'

  async run(): Promise<TicketShowResult | null> {
    const {NUMBER} = await this.complete({NUMBER: this.args.number}, {NUMBER: ticketQuestion})
    const number = parseNumber('NUMBER', NUMBER)
    const {openRawMessage, readConversation} = await import('../../lib/conversation.ts')
    const {raw} = this.flags
    if (raw !== undefined && process.stdout.isTTY)
      throw usage('--raw does not write to a terminal: a mail may hold what takes it over', [
        {text: 'Write it to a file:', command: `postdesk ticket show ${number} --raw ${raw} > message.eml`},
      ])
    const [portal, store] = [await this.portal(), await this.store()]
    this.#timezone = portal.timezone
    if (raw !== undefined) {
      const bytes = await openRawMessage(store, portal, number, parseNumber('--raw', raw))
      await pipeline(Readable.from(bytes), process.stdout, {end: false})
      return null
    }
    const {conversation, problems} = await readConversation(store, portal, number)
    for (const problem of problems) this.warning(problem)
    return conversation
  }

  protected render(conversation: TicketShowResult | null, style: Style): string {
    return conversation === null ? '' : renderConversation(conversation, this.#timezone, style)
  }
}
