/** Questions to a person, on standard error so that standard output stays the result. */
import type {Secret} from '../secret/secret.ts'

/** A question for one missing value. */
export interface Question {
  /** The flag or argument that would have answered it, such as `--domain` or `KEY`. */
  readonly flag: string
  readonly message: string
  /** Offered as the answer. */
  readonly suggestion?: string
  readonly choices?: readonly {readonly value: string; readonly name?: string}[]
  /** Says what is wrong with an answer; null for a good one. */
  readonly validate?: (answer: string) => string | null
}

const stream = {output: process.stderr}

export async function ask(question: Question): Promise<string> {
  const {input, select} = await import('@inquirer/prompts')
  if (question.choices)
    return select({message: question.message, choices: question.choices.map((choice) => ({...choice}))}, stream)
  const {validate, suggestion} = question
  return input(
    {
      message: question.message,
      required: true,
      ...(suggestion === undefined ? {} : {default: suggestion, prefill: 'editable'}),
      ...(validate ? {validate: (answer: string) => validate(answer) ?? true} : {}),
    },
    stream,
  )
}

/** The answer is masked. */
export async function askSecret(message: string): Promise<Secret> {
  const [{password}, {Secret}] = [await import('@inquirer/prompts'), await import('../secret/secret.ts')]
  return new Secret(
    await password({message, mask: '•', validate: (value) => value !== '' || 'A value is needed'}, stream),
  )
}

export async function confirm(message: string): Promise<boolean> {
  const {confirm: confirmPrompt} = await import('@inquirer/prompts')
  return confirmPrompt({message, default: false}, stream)
}
