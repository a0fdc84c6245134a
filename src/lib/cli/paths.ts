/** Where this machine keeps what belongs to the user who runs postdesk. */
import {homedir} from 'node:os'
import {join} from 'node:path'

export interface Paths {
  /** Settings and bindings of secrets. */
  readonly config: string
  /** The SQLite store and the vault. */
  readonly data: string
  /** What may be lost without harm. */
  readonly state: string
  /** What can be made again. */
  readonly cache: string
}

/** `POSTDESK_HOME` puts all under one directory; without it the XDG Base Directory Specification holds. */
export function findPaths(env: NodeJS.ProcessEnv = process.env): Paths {
  const home = env['POSTDESK_HOME']
  if (home)
    return {
      config: join(home, 'config'),
      data: join(home, 'data'),
      state: join(home, 'state'),
      cache: join(home, 'cache'),
    }
  if (process.platform === 'win32') {
    const local = env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local')
    return {
      config: join(local, 'postdesk', 'config'),
      data: join(local, 'postdesk', 'data'),
      state: join(local, 'postdesk', 'state'),
      cache: join(local, 'postdesk', 'cache'),
    }
  }
  // XDG: relative paths are invalid and must be ignored.
  const xdg = (variable: string, fallback: string) => {
    const value = env[variable]
    return join(value?.startsWith('/') ? value : join(safeHome(env), fallback), 'postdesk')
  }
  return {
    config: xdg('XDG_CONFIG_HOME', '.config'),
    data: xdg('XDG_DATA_HOME', '.local/share'),
    state: xdg('XDG_STATE_HOME', '.local/state'),
    cache: xdg('XDG_CACHE_HOME', '.cache'),
  }
}

/** An MTA runs its pipe without HOME; the user database knows it all the same. */
function safeHome(env: NodeJS.ProcessEnv): string {
  if (env['HOME']) return env['HOME']
  try {
    return homedir()
  } catch {
    return '/nonexistent' // a user id without an entry: everything it needs must be given by flags
  }
}
