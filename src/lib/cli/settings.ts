/** The user's own settings on this machine. */
import {existsSync} from 'node:fs'
import {join} from 'node:path'

export interface Settings {
  /** The store used when neither `--store` nor POSTDESK_STORE names one. */
  readonly store?: string
  /** The current portal of each store, by the id of the store. */
  readonly currentPortal?: Readonly<Record<string, string>>
}

/** Reads them; without a file nothing is loaded, which is the usual case in scripts. */
export async function readSettings(directory: string): Promise<Settings> {
  if (!existsSync(join(directory, 'config.json'))) return {}
  return (await openSettings(directory)).store
}

export async function useCurrentPortal(directory: string, storeId: string, portal: string): Promise<void> {
  const settings = await openSettings(directory)
  settings.set('currentPortal', {...settings.store.currentPortal, [storeId]: portal})
}

async function openSettings(directory: string) {
  const {default: Conf} = await import('conf')
  return new Conf<Settings>({cwd: directory, configName: 'config', configFileMode: 0o600, projectName: 'postdesk'})
}
