/** What a shell can complete, worked out from what the commands declare; each shell's script is made from it. */
import type {ArgDescription, CommandDescription, FlagDescription} from './describe-commands.ts'

/** Names that only the store knows; `postdesk __complete KIND` prints them. */
export const NAME_KINDS = ['portals', 'channels', 'queues', 'agents'] as const
export type NameKind = (typeof NAME_KINDS)[number]

/** What may stand as the value of a flag or as an argument. */
export type Values =
  | {readonly kind: 'words'; readonly words: readonly string[]}
  | {readonly kind: 'names'; readonly names: NameKind}
  | {readonly kind: 'files'}
  | {readonly kind: 'nothing'}

export interface CompletionFlag {
  /** `--queue`. */
  readonly name: string
  readonly summary: string
  /** Null for a flag without a value. */
  readonly value: Values | null
}

export interface CompletionCommand {
  /** `ticket list`. */
  readonly name: string
  readonly summary: string
  readonly flags: readonly CompletionFlag[]
  readonly args: readonly Values[]
  /** More arguments like the last may follow. */
  readonly repeats: boolean
}

export interface Completion {
  readonly commands: readonly CompletionCommand[]
  /** The words that may follow others, by those others; `''` has the first words. */
  readonly below: ReadonlyMap<string, readonly {readonly word: string; readonly summary: string}[]>
  /** Flags that every command has; they are not among those of the commands. */
  readonly globalFlags: readonly CompletionFlag[]
}

export function completionOf(
  commands: readonly CommandDescription[],
  topics: Readonly<Record<string, string>>,
): Completion {
  const below = new Map<string, Map<string, string>>()
  for (const {id, summary = ''} of commands) {
    const words = id.split(':')
    for (const [depth, word] of words.entries()) {
      const name = words.slice(0, depth).join(' ')
      const list = below.get(name) ?? new Map<string, string>()
      below.set(name, list)
      if (depth === words.length - 1) list.set(word, summary)
      else if (!list.has(word)) list.set(word, topics[words.slice(0, depth + 1).join(':')] ?? '')
    }
  }
  const flagsOf = (description: CommandDescription, global: boolean) =>
    Object.entries(description.flags)
      .filter(([, flag]) => !flag.hidden && (flag.helpGroup === 'GLOBAL') === global)
      .flatMap(([name, flag]) => completionFlags(name, flag))
  return {
    commands: commands.map((command) => ({
      name: command.id.replaceAll(':', ' '),
      summary: command.summary ?? '',
      flags: flagsOf(command, false),
      args: Object.entries(command.args).map(([key, arg]) => valuesOfArg(command.id, arg.name ?? key, arg)),
      repeats: command.strict === false || Object.values(command.args).some(({multiple}) => multiple),
    })),
    below: new Map(
      [...below].map(([name, list]) => [name, [...list].map(([word, summary]) => ({word, summary}))] as const),
    ),
    globalFlags: [
      ...(commands[0] ? flagsOf(commands[0], true) : []),
      {name: '--help', summary: 'Show help.', value: null},
    ],
  }
}

function completionFlags(name: string, flag: FlagDescription): CompletionFlag[] {
  const summary = flag.summary ?? ''
  const value = flag.type === 'boolean' ? null : valuesOfFlag(name, flag)
  const whole = {name: `--${name}`, summary, value}
  return flag.allowNo ? [whole, {name: `--no-${name}`, summary: `Not: ${summary}`, value: null}] : [whole]
}

/** By the names that all commands use alike. */
const NAMES_BY_FLAG: Readonly<Record<string, NameKind>> = {
  portal: 'portals',
  queue: 'queues',
  member: 'agents',
  owner: 'agents',
  as: 'agents',
  channel: 'channels',
  sender: 'channels',
  'forwards-to': 'channels',
}

function valuesOfFlag(name: string, {options, helpValue}: FlagDescription): Values {
  if (options) return {kind: 'words', words: options}
  const names = NAMES_BY_FLAG[name]
  if (names) return {kind: 'names', names}
  return /\b(PATH|FILE|DIR)\b/.test(String(helpValue)) ? {kind: 'files'} : {kind: 'nothing'}
}

function valuesOfArg(id: string, name: string, {options}: ArgDescription): Values {
  if (options) return {kind: 'words', words: options}
  const [topic, verb] = [id.split(':')[0]!, id.split(':').at(-1)!]
  const wanted = name.toLowerCase()
  if (wanted === 'path' || wanted === 'file') return {kind: 'files'}
  // What is to be added has no name yet.
  if (verb === 'add') return {kind: 'nothing'}
  if (wanted === 'agent') return {kind: 'names', names: 'agents'}
  const own: Readonly<Record<string, NameKind>> = {
    portal: 'portals',
    queue: 'queues',
    agent: 'agents',
    email: 'channels',
  }
  const names = ['key', 'email', 'address'].includes(wanted) ? own[topic] : undefined
  return names ? {kind: 'names', names} : {kind: 'nothing'}
}

/** As the scripts of bash, zsh and PowerShell hold it: `words a b`, `names queues`, `files`, `nothing`. */
export function encodeValues(values: Values): string {
  switch (values.kind) {
    case 'words':
      return ['words', ...values.words].join(' ')
    case 'names':
      return `names ${values.names}`
    case 'files':
    case 'nothing':
      return values.kind
  }
}
