import assert from 'node:assert/strict'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {Ajv, type ValidateFunction} from 'ajv'
import {ROOT} from './run-postdesk.ts'

const ajv = new Ajv({allErrors: true, strict: false})
const validators = new Map<string, ValidateFunction>()

/** Asserts that what a command printed with --json fits its schema. `command` is its words: `portal add`. */
export function assertSchema(command: string, envelope: unknown): void {
  const file = join(ROOT, 'schemas', `${command.replaceAll(' ', '-')}.json`)
  const validate = validators.get(file) ?? ajv.compile(JSON.parse(readFileSync(file, 'utf8')) as object)
  validators.set(file, validate)
  if (validate(envelope)) return
  assert.fail(
    `postdesk ${command} --json does not fit ${file}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(envelope, null, 2)}`,
  )
}
