import {StatusCommand, type StatusResult} from '../../lib/cli/status-command.ts'

/** The tickets that were named, open now. */
export type TicketReopenResult = StatusResult

export default class TicketReopen extends StatusCommand {
  static override summary = 'Reopen tickets: somebody has to act.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> 42',
    '<%= config.bin %> <%= command.id %> 42 43 44 --as ann@acme.example',
  ]

  protected override readonly status = 'open'
}
