/**
 * Makes schemas/<command>.json, the JSON Schema of what a command prints with --json, from the type `<Command>Result` that
 * the file of the command exports. `npm run schemas -- --check` compares only.
 */
import {globSync, readFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {createGenerator, type Schema} from 'ts-json-schema-generator'
import {settle} from './generated-files.ts'

const root = resolve(import.meta.dirname, '..')

const commands = generatorFor('src/commands/**/*.ts')
const envelope = generatorFor('src/lib/cli/envelope.ts').createSchema('AnyEnvelope')

const names = new Set<string>()
const schemas = new Map<string, string>()
for (const file of globSync('src/commands/**/*.ts', {cwd: root}).toSorted()) {
  const words = file.replace(/^src\/commands\/|\.ts$/g, '').split('/')
  if (words[0]!.startsWith('__')) continue
  const result = /^export (?:interface|type) (\w+Result)\b/m.exec(readFileSync(join(root, file), 'utf8'))?.[1]
  if (result === undefined) throw new Error(`${file} exports no type of its result`)
  // The generator finds a type by its name alone.
  if (names.has(result)) throw new Error(`${file} names its result ${result}, as another command does`)
  names.add(result)
  schemas.set(`${words.join('-')}.json`, `${JSON.stringify(inEnvelope(words.join(' '), result), null, 2)}\n`)
}
settle('schemas', schemas)

function inEnvelope(command: string, result: string): Schema {
  const {$schema, definitions, ...schema} = commands.createSchema(result)
  return {
    $schema: $schema!,
    title: `postdesk ${command} --json`,
    ...envelope,
    properties: {...envelope.properties, result: schema},
    ...(definitions ? {definitions} : {}),
  }
}

/** It has a TypeScript of its own, which reads the sources as this one does; types are checked elsewhere. */
function generatorFor(path: string) {
  return createGenerator({
    path: join(root, path),
    tsconfig: join(root, 'tsconfig.json'),
    skipTypeCheck: true,
    expose: 'none',
    topRef: false,
    jsDoc: 'extended',
  })
}
