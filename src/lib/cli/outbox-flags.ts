/** What the commands of the outbox take alike. */
import {Args} from '@oclif/core'

export const outboxIds = {
  id: Args.string({name: 'ID', description: 'The ids of the messages.', multiple: true, ignoreStdin: true}),
}
