import {BaseCommand} from '../../lib/cli/base-command.ts'
import {EXIT} from '../../lib/errors.ts'
import type {MigrationReport} from '../../lib/store/migrate.ts'

/** What was migrated, and where the copy of before is. */
export interface StoreMigrateResult extends MigrationReport {
  readonly store: string
  readonly changed: boolean
}

export default class StoreMigrate extends BaseCommand<typeof StoreMigrate, StoreMigrateResult> {
  static override summary = 'Bring the store to the schema of this program; make it where there is none.'
  static override description =
    'All or nothing, and one process at a time. An SQLite store is copied beside its file before; back up PostgreSQL with its own tools. SQLite stores also migrate themselves when they are opened, PostgreSQL only by this command.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --store postgres://help@db.example/postdesk',
  ]
  static override exitCodes = [EXIT.unavailable, EXIT.tryAgain, EXIT.config]

  async run(): Promise<StoreMigrateResult> {
    const {migrateStore} = await import('../../lib/store-status.ts')
    const report = await migrateStore(await this.storeLocation())
    return {...report, changed: report.from !== report.to}
  }

  protected render({store, from, to, backup, changed}: StoreMigrateResult): string {
    if (!changed) return `${store} has schema ${to} already.\n`
    const copy = backup === null ? '' : `A copy of before: ${backup}\n`
    return `${store} has schema ${to} now; ${from === 0 ? 'it was empty' : `it had ${from}`}.\n${copy}`
  }
}
