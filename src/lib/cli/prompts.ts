/** Questions to a person, on standard error so that standard output stays the result. */
import {usage, type Fix} from '../errors.ts'
import type {Secret} from '../secret/secret.ts'

export interface Choice {
  readonly value: string
  readonly name?: string
}

/** A question for one missing value. */
export interface Question {
  /** The flag or argument that would have answered it, such as `--domain` or `KEY`. */
  readonly flag: string
  readonly message: string
  /** Offered as the answer. */
  readonly suggestion?: string
  /** Looked up only where the question is asked: a missing value fails before the store is opened. */
  readonly choices?: () => Promise<readonly Choice[]>
  /** How to make something to choose, where there is nothing. */
  readonly ifNone?: readonly Fix[]
  /** Says what is wrong with an answer; null for a good one. */
  readonly validate?: (answer: string) => string | null
}

const stream = {output: process.stderr}

export async function ask(question: Question): Promise<string> {
  const {input, select} = await import('@inquirer/prompts')
  const choices = await question.choices?.()
  if (choices?.length === 0)
    throw usage(`${question.flag} is missing, and there is nothing yet that it could name`, question.ifNone ?? [])
  if (choices)
    return select(
      {
        message: question.message,
        choices: choices.map((choice) => ({...choice})),
        ...(question.suggestion === undefined ? {} : {default: question.suggestion}),
      },
      stream,
    )
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

/** Any number of the choices, also none. */
export async function askMany(
  message: string,
  choices: readonly (Choice & {readonly checked?: boolean})[],
): Promise<string[]> {
  const {checkbox} = await import('@inquirer/prompts')
  return checkbox({message, choices: choices.map((choice) => ({...choice}))}, stream)
}

/** The answer is masked. */
export async function askSecret(message: string): Promise<Secret> {
  const [{password}, {Secret}] = [await import('@inquirer/prompts'), await import('../secret/secret.ts')]
  return new Secret(
    await password({message, mask: '•', validate: (value) => value !== '' || 'A value is needed'}, stream),
  )
}

/** Several lines, written in the person's editor; asked again while there is nothing but blanks. */
export async function askText(message: string): Promise<string> {
  const {editor} = await import('@inquirer/prompts')
  return editor(
    {message, waitForUserInput: false, validate: (text) => text.trim() !== '' || 'Write something, or press Ctrl-C'},
    stream,
  )
}

export async function confirm(message: string): Promise<boolean> {
  const {confirm: confirmPrompt} = await import('@inquirer/prompts')
  return confirmPrompt({message, default: false}, stream)
}
