/** What the commands declare of themselves: for help, for completion, and for the snapshot of help. */
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {ExitCode} from '../errors.ts'
import {fromSource, isHidden, listCommandIds, loadCommand, readPackage} from './commands.ts'

/** A command as oclif's manifest has it; only what is used here. */
export interface CommandDescription {
  /** `portal:add`. */
  readonly id: string
  readonly summary?: string
  readonly description?: string
  readonly examples?: readonly (string | {readonly description: string; readonly command: string})[]
  readonly args: Readonly<Record<string, ArgDescription>>
  readonly flags: Readonly<Record<string, FlagDescription>>
  /** False where more arguments may follow. */
  readonly strict?: boolean
  readonly exitCodes?: readonly ExitCode[]
  readonly environment?: readonly string[]
}

export interface ArgDescription {
  readonly name?: string
  readonly description?: string
  readonly required?: boolean
  readonly options?: readonly string[]
  /** More like it may follow. */
  readonly multiple?: boolean
  readonly hidden?: boolean
}

export interface FlagDescription {
  readonly type: 'boolean' | 'option'
  readonly char?: string
  readonly summary?: string
  readonly description?: string
  readonly env?: string
  readonly helpGroup?: string
  readonly helpValue?: string | readonly string[]
  readonly options?: readonly string[]
  readonly allowNo?: boolean
  readonly required?: boolean
  readonly multiple?: boolean
  readonly hidden?: boolean
}

/** All commands but the hidden ones, by id in alphabetical order. `root` is the directory of package.json. */
export async function describeCommands(root: string): Promise<CommandDescription[]> {
  const ids = listCommandIds(root).filter((id) => !isHidden(id))
  if (!fromSource) {
    const {commands} = JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8')) as {
      commands: Record<string, CommandDescription>
    }
    return ids.flatMap((id) => commands[id] ?? [])
  }
  return Promise.all(ids.map((id) => describe(root, id)))
}

async function describe(root: string, id: string): Promise<CommandDescription> {
  const command = (await loadCommand(root, id)) as unknown as CommandDescription & {
    readonly baseFlags: CommandDescription['flags']
  }
  const {summary, description, examples, args, strict, exitCodes, environment} = command
  return {
    id,
    ...(summary === undefined ? {} : {summary}),
    ...(description === undefined ? {} : {description}),
    ...(examples === undefined ? {} : {examples}),
    ...(strict === undefined ? {} : {strict}),
    ...(exitCodes === undefined ? {} : {exitCodes}),
    ...(environment === undefined ? {} : {environment}),
    args,
    flags: {...command.baseFlags, ...command.flags},
  }
}

/** The command lines of a command's examples, without what surrounds them. */
export function exampleLines({id, examples = []}: Pick<CommandDescription, 'id' | 'examples'>): string[] {
  return examples
    .map((example) => (typeof example === 'string' ? example : example.command))
    .map((line) =>
      line
        .replaceAll('<%= config.bin %>', 'postdesk')
        .replaceAll('<%= command.id %>', id.replaceAll(':', ' '))
        .replace(/^\$ /, ''),
    )
}

/** What the words are about that several commands begin with (`portal:inbound`): `oclif.topics` in package.json. */
export function describeTopics(root: string): Readonly<Record<string, string>> {
  const topics = (readPackage(root).oclif.topics ?? {}) as Readonly<Record<string, {readonly description?: string}>>
  return Object.fromEntries(
    Object.entries(topics).flatMap(([name, {description}]) => (description === undefined ? [] : [[name, description]])),
  )
}
