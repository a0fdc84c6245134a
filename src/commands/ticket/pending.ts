import {StatusCommand, type StatusResult} from '../../lib/cli/status-command.ts'

/** The tickets that were named, pending now. */
export type TicketPendingResult = StatusResult

export default class TicketPending extends StatusCommand {
  static override summary = 'Set tickets aside until the customer answers.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> 42',
    '<%= config.bin %> <%= command.id %> 42 43 44 --as ann@acme.example',
  ]

  protected override readonly status = 'pending'
}
