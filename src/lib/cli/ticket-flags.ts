/** What the commands of tickets take alike. */
import {Args, Flags} from '@oclif/core'
import {checkNumber} from './ticket-number.ts'

export const ticketArg = Args.string({name: 'NUMBER', description: 'The number of the ticket.', ignoreStdin: true})

/** The question where the number was left out. */
export const ticketQuestion = {message: 'Ticket number', validate: checkNumber}

/** Who does it, for the event that a change leaves. */
export const asAgent = {
  as: Flags.string({helpValue: 'AGENT', summary: 'Email of the agent who does it; default: the admin.'}),
}

/** A text that a person writes: as a word, from a file, or from standard input. */
export const bodyFlags = {
  body: Flags.string({helpValue: 'TEXT', summary: 'The text.', exclusive: ['body-file']}),
  'body-file': Flags.string({helpValue: 'PATH', summary: 'File with the text; without it and --body: standard input.'}),
}
