/** Questions that are answered by choosing one of the portal's own things. */
import type {PortalRow} from '../store/portals.ts'
import type {Db} from '../store/schema.ts'
import type {Choice, Question} from './prompts.ts'

type ChoiceQuestion = Omit<Question, 'flag'>

export interface Choices {
  readonly portal: ChoiceQuestion
  readonly queue: ChoiceQuestion
  readonly agent: ChoiceQuestion
  readonly address: ChoiceQuestion
}

/** `db` and `portal` are only asked for when the question is: a missing value fails before the store is opened. */
export function choicesOf(db: () => Promise<Db>, portal: () => Promise<PortalRow>): Choices {
  const label = (value: string, name: string): Choice => ({value, name: name === value ? value : `${value} (${name})`})
  return {
    portal: {
      message: 'Portal',
      ifNone: [{text: 'Add one:', command: 'postdesk portal add'}],
      async choices() {
        const {listPortals} = await import('../store/portals.ts')
        return (await listPortals(await db())).map(({key, name}) => label(key, name))
      },
    },
    queue: {
      message: 'Queue',
      ifNone: [{text: 'Add one:', command: 'postdesk queue add'}],
      async choices() {
        const {listQueues} = await import('../store/queues.ts')
        return (await listQueues(await db(), (await portal()).id)).map(({key, name}) => label(key, name))
      },
    },
    agent: {
      message: 'Agent',
      ifNone: [{text: 'Add one:', command: 'postdesk agent add'}],
      async choices() {
        const {listAgents} = await import('../store/agents.ts')
        return (await listAgents(await db(), (await portal()).id)).map(({email, name}) => label(email, name))
      },
    },
    address: {
      message: 'Address',
      ifNone: [{text: 'Add one:', command: 'postdesk email add'}],
      async choices() {
        const {listChannels} = await import('../store/channels.ts')
        return (await listChannels(await db(), (await portal()).id)).map(({address, name}) => label(address, name))
      },
    },
  }
}
