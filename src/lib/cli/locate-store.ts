/** Where the store is, and with which password. */
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {inputFileMissing, secretUnresolved} from '../errors.ts'
import type {Redactor} from '../log.ts'
import {parseStoreUrl, type StoreLocation} from '../store/location.ts'
import type {Settings} from './settings.ts'

export async function locateStore(from: {
  readonly flags: {
    readonly store?: string | undefined
    readonly 'store-password-file'?: string | undefined
    readonly 'store-password-env'?: string | undefined
  }
  readonly env: NodeJS.ProcessEnv
  readonly settings: Settings
  readonly dataDirectory: string
  readonly redactor: Redactor
}): Promise<StoreLocation> {
  const {flags, env, settings, redactor} = from
  const text = flags.store ?? (env['POSTDESK_STORE'] || settings.store)
  if (text === undefined) return {kind: 'sqlite', path: join(from.dataDirectory, 'postdesk.sqlite')}
  const location = parseStoreUrl(text, {onCommandLine: flags.store !== undefined})
  if (location.kind === 'sqlite') return location
  const url = new URL(location.url)
  const password = await passwordFrom(flags, env)
  if (password !== undefined) url.password = encodeURIComponent(password)
  if (url.password !== '') redactor.register(decodeURIComponent(url.password))
  return {kind: 'postgres', url: url.href}
}

async function passwordFrom(
  flags: {readonly 'store-password-file'?: string | undefined; readonly 'store-password-env'?: string | undefined},
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const file = flags['store-password-file']
  if (file !== undefined) {
    try {
      return (await readFile(file, 'utf8')).replace(/\r?\n$/, '')
    } catch (error) {
      throw inputFileMissing(file, error)
    }
  }
  const variable = flags['store-password-env']
  if (variable === undefined) return undefined
  const value = env[variable]
  if (!value)
    throw secretUnresolved('store password', `the variable ${variable} is not set`, [{text: `Set ${variable}.`}])
  return value
}
