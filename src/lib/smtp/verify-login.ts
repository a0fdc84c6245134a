/** Proves an account without sending anything. */
import type {SmtpAccount} from './account.ts'
import type {SmtpOptions} from './connect.ts'

/**
 * Connects, logs in once, and says goodbye. @throws what stands in the way, catalogued: 20 to 25, 75, 78; or the
 * signal's reason.
 */
export async function verifySmtpLogin(
  _account: SmtpAccount,
  signal: AbortSignal,
  _options: SmtpOptions = {},
): Promise<void> {
  signal.throwIfAborted()
  throw new Error('not built yet')
}
