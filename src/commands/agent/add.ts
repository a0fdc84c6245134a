import {Args, Flags} from '@oclif/core'
import type {AgentSummary} from '../../lib/agent.ts'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {ifNotExists} from '../../lib/cli/flags.ts'
import {EXIT} from '../../lib/errors.ts'

/** The agent who was added, or was there. */
export interface AgentAddResult {
  readonly agent: AgentSummary
  readonly changed: boolean
}

export default class AgentAdd extends BaseCommand<typeof AgentAdd, AgentAddResult> {
  static override summary = 'Add an agent.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@acme.example --name "Ann Lee" --queue support sales',
  ]
  static override args = {email: Args.string({name: 'EMAIL', description: 'Email of the agent.', ignoreStdin: true})}
  static override flags = {
    ...ifNotExists,
    name: Flags.string({summary: 'Full name.'}),
    queue: Flags.string({
      helpValue: 'KEY…',
      summary: 'Queue that the agent is a member of; several may follow.',
      multiple: true,
    }),
  }
  static override changes = true
  static override exitCodes = [EXIT.notFound, EXIT.cannotCreate]

  async run(): Promise<AgentAddResult> {
    const {addAgent} = await import('../../lib/agent.ts')
    const {checkAddress, checkDisplayName} = await import('../../lib/address.ts')
    if (this.interactive) await this.portal() // before anybody types in vain
    const {EMAIL: email, '--name': name} = await this.complete(
      {EMAIL: this.args.email, '--name': this.flags.name},
      {
        EMAIL: {message: 'Email of the agent', validate: checkAddress},
        '--name': {message: 'Full name', validate: checkDisplayName},
      },
    )
    const [portal, store] = [await this.portal(), await this.store()]
    const queues = this.flags.queue ?? (this.asked ? await this.#askQueues() : undefined)
    const result = await addAgent(
      store,
      portal,
      {email, name, ...(queues === undefined ? {} : {queues})},
      {ifNotExists: this.flags['if-not-exists'], now: this.clock.now()},
    )
    if (result.changed) this.nextStep(`postdesk agent online ${result.agent.email} --portal ${portal.key}`)
    return result
  }

  async #askQueues(): Promise<string[] | undefined> {
    const choices = (await this.choose.queue.choices?.()) ?? []
    if (choices.length === 0) return undefined
    const {askMany} = await import('../../lib/cli/prompts.ts')
    const queues = await askMany('Queues of the agent', choices)
    for (const key of queues) this.notePrompted('--queue', key)
    return queues
  }

  protected render({agent, changed}: AgentAddResult): string {
    return `Agent ${agent.email} ${changed ? 'added' : 'is there already'}.\n`
  }
}
