import assert from 'node:assert/strict'
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {Ajv, type ValidateFunction} from 'ajv'

const SCHEMAS = join(import.meta.dirname, '../../schemas')

const ajv = new Ajv({allErrors: true, strict: false})
const validators = new Map<string, ValidateFunction>()

/** Asserts that what a command line printed with `--json` fits the schema of its command. */
export function assertSchema(words: readonly string[], envelope: unknown): void {
  const file = schemaOf(words)
  if (file === undefined) return // no command, such as a misspelt one
  const validate = validators.get(file) ?? ajv.compile(JSON.parse(readFileSync(file, 'utf8')) as object)
  validators.set(file, validate)
  if (validate(envelope)) return
  assert.fail(
    `postdesk ${words.join(' ')} does not fit ${file}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(envelope, null, 2)}`,
  )
}

/** The schema of the longest command that the words begin with. */
function schemaOf(words: readonly string[]): string | undefined {
  const end = words.findIndex((word) => word.startsWith('-'))
  const command = end === -1 ? words : words.slice(0, end)
  return command
    .map((_, index) => join(SCHEMAS, `${command.slice(0, command.length - index).join('-')}.json`))
    .find((file) => !file.slice(SCHEMAS.length + 1).includes('/') && existsSync(file))
}
