import {StatusCommand, type StatusResult} from '../../lib/cli/status-command.ts'

/** The tickets that were named, closed now. */
export type TicketCloseResult = StatusResult

export default class TicketClose extends StatusCommand {
  static override summary = 'Close tickets: they are done.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> 42',
    '<%= config.bin %> <%= command.id %> 42 43 44 --as ann@acme.example',
  ]

  protected override readonly status = 'closed'
}
