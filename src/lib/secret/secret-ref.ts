/**
 * Where a machine finds a secret that it keeps no copy of: `env:VAR`, `file:PATH`, `cmd:["program","argument"]`,
 * `keychain:SERVICE/ACCOUNT`, `vault:ENTRY`. A reference holds no secret and may be shown.
 */
import {isAbsolute} from 'node:path'
import {invalidValue, type Fix} from '../errors.ts'

export type SecretRef =
  | {readonly kind: 'env'; readonly variable: string}
  | {readonly kind: 'file'; readonly path: string}
  | {readonly kind: 'cmd'; readonly argv: readonly [string, ...string[]]}
  | {readonly kind: 'keychain' | 'vault'; readonly entry: string}

/** Longest reference taken, in characters: room for a long path and a long command, not for a pasted file. */
export const SECRET_REF_MAX_LENGTH = 4096

// The names that a shell can set; anything else is a slip such as `env:$VAR`.
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Reads a reference. Throws 64 with the right form. Its error never repeats the text: whoever types a password where a
 * reference belongs must not find it in a log.
 */
export function parseSecretRef(text: string): SecretRef {
  const colon = text.indexOf(':')
  const kind = text.slice(0, Math.max(colon, 0))
  const rest = text.slice(colon + 1)
  if (text.length > SECRET_REF_MAX_LENGTH) throw wrong(`it is longer than ${SECRET_REF_MAX_LENGTH} characters`)
  if (text.includes('\0')) throw wrong('it holds a NUL character')
  switch (kind) {
    case 'env':
      if (!VARIABLE.test(rest)) throw wrong('after `env:` stands the name of a variable, without `$`', 'env')
      return {kind, variable: rest}
    case 'file':
      // Commands run in other directories, and as other users, than the one that keeps the reference.
      if (!isAbsolute(rest)) throw wrong('after `file:` stands an absolute path; `~` is not expanded', 'file')
      return {kind, path: rest}
    case 'cmd':
      return {kind, argv: parseArgv(rest)}
    case 'keychain':
      if (!/^[^/]+\/./.test(rest)) throw wrong('after `keychain:` stand service and account, with a `/` between', kind)
      return {kind, entry: rest}
    case 'vault':
      if (rest === '') throw wrong('after `vault:` stands the name of an entry of the vault', kind)
      return {kind, entry: rest}
    default:
      throw wrong('it begins with none of `env:`, `file:`, `cmd:`, `keychain:`, `vault:`')
  }
}

/** The text of a reference; `parseSecretRef` reads it back. */
export function formatSecretRef(ref: SecretRef): string {
  switch (ref.kind) {
    case 'env':
      return `env:${ref.variable}`
    case 'file':
      return `file:${ref.path}`
    case 'cmd':
      return `cmd:${JSON.stringify(ref.argv)}`
    case 'keychain':
    case 'vault':
      return `${ref.kind}:${ref.entry}`
  }
}

function parseArgv(json: string): readonly [string, ...string[]] {
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch {
    throw wrong('after `cmd:` stands a JSON array of strings; no shell reads it', 'cmd')
  }
  const strings: readonly unknown[] = Array.isArray(parsed) ? parsed : []
  const [program, ...rest] = strings.filter((item) => typeof item === 'string')
  if (program === undefined || program === '' || rest.length + 1 !== strings.length)
    throw wrong('after `cmd:` stands a JSON array of strings, the program first', 'cmd')
  // JSON can bring in a NUL that the text does not show.
  if ([program, ...rest].some((item) => item.includes('\0'))) throw wrong('it holds a NUL character', 'cmd')
  if (/[/\\]/.test(program) && !isAbsolute(program))
    throw wrong('the program is found on the PATH, or has an absolute path', 'cmd')
  return [program, ...rest]
}

const FORMS: Readonly<Record<SecretRef['kind'], string>> = {
  env: 'env:SMTP_PASSWORD',
  file: 'file:/run/secrets/smtp-password',
  cmd: 'cmd:["pass","show","mail/smtp"]',
  keychain: 'keychain:SERVICE/ACCOUNT',
  vault: 'vault:ENTRY',
}

function wrong(why: string, kind?: SecretRef['kind']) {
  const forms = kind === undefined ? Object.values(FORMS) : [FORMS[kind]]
  const fixes: readonly Fix[] = [{text: `The right form: ${forms.join('  or  ')}`}]
  return invalidValue('The secret reference', why, fixes)
}
