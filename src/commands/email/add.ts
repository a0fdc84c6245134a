import {BaseCommand} from '../../lib/cli/base-command.ts'
import {usage} from '../../lib/errors.ts'

/** Nothing of its own: the command of the kind that was chosen prints its result. */
export type EmailAddResult = undefined

/** The kinds of address that can be added. */
const KINDS = [
  {value: 'internal', name: "internal: at the portal's own domain, without a mailbox elsewhere"},
  {value: 'smtp', name: 'smtp: of any provider, to send by its server'},
] as const

export default class EmailAdd extends BaseCommand<typeof EmailAdd, EmailAddResult> {
  static override summary = 'Add an address; on a terminal, choose of which kind.'
  static override examples = ['<%= config.bin %> email add internal support --name "Acme Support" --queue support']
  static override changes = true

  async run(): Promise<EmailAddResult> {
    if (!this.interactive)
      throw usage(
        'the kind of address is missing',
        KINDS.map(({value}) => ({text: `For an ${value} one:`, command: `${this.commandLine} ${value}`})),
      )
    const {ask} = await import('../../lib/cli/prompts.ts')
    const kind = await ask({flag: 'KIND', message: 'Kind of address', choices: () => Promise.resolve(KINDS)})
    await this.runInstead(`email:add:${kind}`)
  }

  protected render(): string {
    return ''
  }
}
