import {BaseCommand} from '../../lib/cli/base-command.ts'
import type {PortalSummary} from '../../lib/portal.ts'
import {renderTable} from '../../lib/cli/table.ts'
import type {Style} from '../../lib/cli/style.ts'

/** The portals of the store. */
export interface PortalListResult {
  /** `current`: the one that commands work on where none is named. */
  readonly portals: readonly (PortalSummary & {readonly current: boolean})[]
}

export default class PortalList extends BaseCommand<typeof PortalList, PortalListResult> {
  static override summary = 'List the portals of the store.'
  static override examples = ['<%= config.bin %> <%= command.id %> --json']

  async run(): Promise<PortalListResult> {
    const {summarisePortals} = await import('../../lib/portal.ts')
    return {portals: await summarisePortals(await this.store(), await this.currentPortal())}
  }

  protected render({portals}: PortalListResult, style: Style): string {
    return renderTable(
      portals,
      [
        {title: '', value: (portal) => (portal.current ? '*' : '')},
        {title: 'KEY', value: (portal) => portal.key},
        {title: 'DOMAIN', value: (portal) => portal.domain},
        {title: 'NAME', value: (portal) => portal.name, shrinks: true},
        {title: 'TIME ZONE', value: (portal) => portal.timezone},
      ],
      style,
    )
  }
}
