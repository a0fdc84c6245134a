/**
 * The commands there are. Each is one file, and its path is its name: `commands/portal/add` is `portal add`. A command line
 * loads the file of its command and no other; what help says of all of them comes from oclif's manifest.
 */
import type {Command, Interfaces} from '@oclif/core'
import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'

/** Whether the sources run, or the built program. */
export const fromSource = import.meta.url.endsWith('.ts')
const extension = fromSource ? '.ts' : '.js'

/** A command as it is run. */
export type CommandClass = Omit<typeof Command, 'prototype'> & {
  new (argv: string[], config: Interfaces.Config): {_run(): Promise<unknown>}
}

const directoryOf = (root: string) => join(root, fromSource ? 'src' : 'dist', 'commands')

/** The ids of all commands (`portal:add`), in alphabetical order. `root` is the directory of package.json. */
export function listCommandIds(root: string): string[] {
  const below = (directory: string, prefix: string): string[] =>
    readdirSync(directory, {withFileTypes: true}).flatMap((entry) => {
      if (entry.isDirectory()) return below(join(directory, entry.name), `${prefix}${entry.name}:`)
      return entry.name.endsWith(extension) ? [prefix + entry.name.slice(0, -extension.length)] : []
    })
  return below(directoryOf(root), '').sort()
}

/** Commands that scripts call, and no person. */
export const isHidden = (id: string): boolean => id.startsWith('__')

export async function loadCommand(root: string, id: string): Promise<CommandClass> {
  const file = pathToFileURL(join(directoryOf(root), ...id.split(':')) + extension)
  const {default: command} = (await import(file.href)) as {default: CommandClass}
  command.id = id
  return command
}

/**
 * What a running command needs of oclif's configuration. Loading the whole of it would take 20 ms, twice a run, and ask for
 * the name of the user, which a container may not have.
 */
export function lightConfig(root: string): Interfaces.Config {
  const pjson = readPackage(root)
  return {
    root,
    pjson,
    name: pjson.name,
    bin: pjson.oclif.bin,
    version: pjson.version,
    userAgent: versionLine(pjson),
    topicSeparator: ' ',
    runHook: async () => ({successes: [], failures: []}),
  } as Partial<Interfaces.Config> as Interfaces.Config
}

/** Name and version as `--version` prints them. */
const versionLine = ({name, version}: {readonly name: string; readonly version: string}): string =>
  `${name}/${version} ${process.platform}-${process.arch} node-${process.version}`

/** package.json. */
export function readPackage(root: string): Interfaces.PJSON {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Interfaces.PJSON
}
