import {BaseCommand} from '../../lib/cli/base-command.ts'
import {formatBytes} from '../../lib/cli/format-bytes.ts'
import {renderFields} from '../../lib/cli/render-fields.ts'
import type {Style} from '../../lib/cli/style.ts'
import {EXIT} from '../../lib/errors.ts'
import type {StoreStatus} from '../../lib/store-status.ts'

/** Where the store is and how it is. */
export type StoreStatusResult = StoreStatus

export default class StoreStatusCommand extends BaseCommand<typeof StoreStatusCommand, StoreStatusResult> {
  static override summary = 'Show where the store is, its schema and its size. Changes nothing.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --store postgres://help@db.example/postdesk --json',
  ]
  static override exitCodes = [EXIT.unavailable]

  async run(): Promise<StoreStatusResult> {
    const {storeStatus} = await import('../../lib/store-status.ts')
    const status = await storeStatus(await this.storeLocation())
    if (status.state === 'newer') this.warning('A newer postdesk made this store. This one does not work with it.')
    if (status.migrationDue) this.nextStep('postdesk store migrate')
    return status
  }

  protected render({store, dialect, state, schema, bytes, journal, portals}: StoreStatusResult, style: Style): string {
    const states = {
      missing: 'not there yet; the first `postdesk portal add` makes it',
      empty: 'empty',
      outdated: `schema ${schema.version}, this program needs ${schema.needed}`,
      current: `schema ${schema.version}, as this program needs it`,
      newer: `schema ${schema.version}, this program knows ${schema.needed}`,
    }
    return renderFields(
      [
        ['Store', store],
        ['Kind', dialect === 'sqlite' ? `SQLite${journal === null ? '' : `, journal ${journal}`}` : 'PostgreSQL'],
        ['State', states[state]],
        ['Size', bytes === null ? null : formatBytes(bytes)],
        ['Portals', portals.map(({key, domain}) => `${key} (${domain})`).join(', ') || null],
      ],
      style,
    )
  }
}
