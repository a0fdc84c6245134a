import {Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {MOST_ITEMS} from '../../lib/cli/flags.ts'
import {localTime} from '../../lib/cli/local-time.ts'
import {nextPage} from '../../lib/cli/next-page.ts'
import type {Style} from '../../lib/cli/style.ts'
import {renderTable} from '../../lib/cli/table.ts'
import {parseNumber} from '../../lib/cli/ticket-number.ts'
import {EXIT, usage} from '../../lib/errors.ts'
import type {TicketPage} from '../../lib/ticket-summary.ts'
import {TICKET_FLAGS} from '../../lib/ticket/flags.ts'
import {STATUSES} from '../../lib/ticket/ticket.ts'

/** One page of tickets, the newest first. */
export type TicketListResult = TicketPage

/** `--owner` for tickets without one. */
const NOBODY = 'nobody'

export default class TicketList extends BaseCommand<typeof TicketList, TicketListResult> {
  static override summary = 'List tickets, the newest first.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --queue support --status open,pending',
    '<%= config.bin %> <%= command.id %> --owner nobody --json',
  ]
  static override flags = {
    queue: Flags.string({helpValue: 'KEY', summary: 'Only tickets of this queue.'}),
    status: Flags.string({
      helpValue: STATUSES.join(','),
      summary: 'Only tickets of these statuses.',
      options: [...STATUSES],
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
    owner: Flags.string({helpValue: `EMAIL|${NOBODY}`, summary: 'Only tickets of this agent, or of nobody.'}),
    channel: Flags.string({helpValue: 'ADDRESS', summary: 'Only tickets that came by this address.'}),
    flag: Flags.string({
      helpValue: TICKET_FLAGS.join(','),
      summary: 'Only tickets with all of these flags.',
      options: [...TICKET_FLAGS],
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
    limit: Flags.integer({summary: 'At most so many.', min: 1, max: MOST_ITEMS, default: 50}),
    after: Flags.string({helpValue: 'CURSOR', summary: 'Go on behind this page: `next` of its result.'}),
  }
  static override exitCodes = [EXIT.notFound]
  #timezone = 'UTC'

  async run(): Promise<TicketListResult> {
    const {queue, status, owner, channel, flag, limit, after} = this.flags
    if (owner !== undefined && owner !== NOBODY && flag?.includes('unowned'))
      throw usage(`tickets with the flag unowned have no owner, so --owner ${owner} finds none`)
    const {pageOfTickets} = await import('../../lib/ticket-summary.ts')
    const [portal, store] = [await this.portal(), await this.store()]
    this.#timezone = portal.timezone
    const page = await pageOfTickets(store, portal, {
      ...(queue === undefined ? {} : {queue}),
      ...(status === undefined ? {} : {statuses: STATUSES.filter((known) => status.includes(known))}),
      ...(owner === NOBODY ? {owner: null} : owner === undefined ? {} : {owner}),
      ...(flag === undefined ? {} : {flags: TICKET_FLAGS.filter((known) => flag.includes(known))}),
      ...(channel === undefined ? {} : {channel}),
      ...(after === undefined ? {} : {below: parseNumber('--after', after)}),
      limit,
    })
    if (page.next !== null) this.nextStep(nextPage('ticket list', this.argv, page.next))
    return page
  }

  protected render({tickets}: TicketListResult, style: Style): string {
    if (tickets.length === 0) return 'No ticket matches.\n'
    const time = localTime(this.#timezone)
    return renderTable(
      tickets,
      [
        {title: '#', value: (ticket) => ticket.number, right: true},
        {title: 'STATUS', value: (ticket) => ticket.status},
        {title: 'SUBJECT', value: (ticket) => ticket.subject || '(no subject)', shrinks: true},
        {title: 'REQUESTER', value: ({requester}) => requester.name || requester.address, shrinks: true, from: 60},
        {title: 'QUEUE', value: (ticket) => ticket.queue, shrinks: true, from: 90},
        {title: 'OWNER', value: (ticket) => ticket.owner, shrinks: true, from: 76},
        {title: 'MESSAGES', value: (ticket) => ticket.messageCount, right: true, from: 110},
        {title: 'FLAGS', value: (ticket) => ticket.flags.join(' '), shrinks: true, from: 100},
        {title: 'CHANGED', value: (ticket) => time(ticket.updatedAt), from: 50},
      ],
      style,
    )
  }
}
