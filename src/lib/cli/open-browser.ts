/** Opens a page in the browser of whoever sits at this machine. */
/** The environment variables that decide it. */
export const BROWSER_ENVIRONMENT = ['POSTDESK_BROWSER', 'BROWSER'] as const

/** The program that was named, with its arguments; null where none was. */
function namedBrowser(env: NodeJS.ProcessEnv): readonly string[] | null {
  // BROWSER may hold several, the best first.
  const named = env['POSTDESK_BROWSER'] || env['BROWSER']?.split(':')[0] || ''
  return named.trim() === '' ? null : named.trim().split(/\s+/)
}

/**
 * True where a page that is opened is seen: a browser was named; or there is a desktop, on this machine and not at the
 * other end of SSH, and the program runs on a terminal.
 */
export function canOpenBrowser(
  env: NodeJS.ProcessEnv,
  {platform, terminal}: {readonly platform: NodeJS.Platform; readonly terminal: boolean},
): boolean {
  if (namedBrowser(env) !== null) return true
  if (!terminal || env['CI'] || env['SSH_CONNECTION'] || env['SSH_TTY']) return false
  return platform === 'darwin' || platform === 'win32' || Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY'])
}

/** Opens a URL, without waiting until it is closed. False where no browser could be started. */
export async function openBrowser(url: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const {default: open} = await import('open')
  const [name, ...words] = namedBrowser(env) ?? []
  try {
    await open(url, name === undefined ? {} : {app: {name, arguments: words.filter((word) => word !== '%s')}})
    return true
  } catch {
    return false // the caller says where the page is, and that is all that can be done
  }
}
