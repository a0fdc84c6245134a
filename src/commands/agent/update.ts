import {Args, Flags} from '@oclif/core'
import type {AgentSummary} from '../../lib/agent.ts'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {EXIT} from '../../lib/errors.ts'

/** The agent as they are now. */
export interface AgentUpdateResult {
  readonly agent: AgentSummary
  readonly changed: boolean
}

export default class AgentUpdate extends BaseCommand<typeof AgentUpdate, AgentUpdateResult> {
  static override summary = 'Change an agent.'
  static override description = '--queue names all queues of the agent: they leave those left out.'
  static override examples = ['<%= config.bin %> <%= command.id %> ann@acme.example --name "Ann Lee" --queue sales']
  static override args = {email: Args.string({name: 'EMAIL', description: 'The agent.', ignoreStdin: true})}
  static override flags = {
    email: Flags.string({helpValue: 'NEW', summary: 'Another email.'}),
    name: Flags.string({summary: 'Full name.'}),
    queue: Flags.string({helpValue: 'KEY…', summary: 'All queues of the agent.', multiple: true}),
    'no-queues': Flags.boolean({summary: 'Leave all queues.', exclusive: ['queue']}),
  }
  static override changes = true
  static override exitCodes = [EXIT.notFound, EXIT.cannotCreate]

  async run(): Promise<AgentUpdateResult> {
    const {updateAgent} = await import('../../lib/agent.ts')
    const {givenFlags} = await import('../../lib/cli/given-flags.ts')
    const given = givenFlags(this.flags, ['email', 'name', 'queue', 'no-queues'])
    const {EMAIL} = await this.complete({EMAIL: this.args.email}, {EMAIL: this.choose.agent})
    const [portal, store] = [await this.portal(), await this.store()]
    return updateAgent(
      store,
      portal,
      EMAIL,
      {
        ...(given.email === undefined ? {} : {email: given.email}),
        ...(given.name === undefined ? {} : {name: given.name}),
        ...(given.queue === undefined ? {} : {queues: given.queue}),
        ...(given['no-queues'] ? {queues: []} : {}),
      },
      this.clock.now(),
    )
  }

  protected render({agent, changed}: AgentUpdateResult): string {
    return `Agent ${agent.email} ${changed ? 'changed' : 'is like that already'}.\n`
  }
}
