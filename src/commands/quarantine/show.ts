import {Args} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {renderQuarantined} from '../../lib/cli/render-quarantined.ts'
import type {Style} from '../../lib/cli/style.ts'
import {checkNumber, parseNumber} from '../../lib/cli/ticket-number.ts'
import {EXIT} from '../../lib/errors.ts'
import type {QuarantineDetails} from '../../lib/quarantine-summary.ts'

/** A quarantined mail: its header and its text, why it is there, and what to do about it. */
export type QuarantineShowResult = QuarantineDetails

export default class QuarantineShow extends BaseCommand<typeof QuarantineShow, QuarantineShowResult> {
  static override summary =
    'Show a quarantined mail: its header and its text, why it is there, and what to do about it.'
  static override examples = ['<%= config.bin %> <%= command.id %> 12']
  static override args = {id: Args.string({name: 'ID', description: 'As in the list.', ignoreStdin: true})}
  static override exitCodes = [EXIT.notFound]
  #timezone = 'UTC'

  async run(): Promise<QuarantineShowResult> {
    const {ID} = await this.complete({ID: this.args.id}, {ID: {message: 'Id', validate: checkNumber}})
    const {describeQuarantined} = await import('../../lib/quarantine-summary.ts')
    const [portal, store] = [await this.portal(), await this.store()]
    this.#timezone = portal.timezone
    const {details, problem} = await describeQuarantined(store, portal, parseNumber('ID', ID))
    if (problem !== null) this.warning(problem)
    return details
  }

  protected render(item: QuarantineShowResult, style: Style): string {
    return renderQuarantined(item, this.#timezone, style)
  }
}
