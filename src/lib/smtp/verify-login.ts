/** Proves an account without sending anything. */
import type {SmtpAccount} from './account.ts'
import {openSession, type SmtpOptions} from './session.ts'

/** A person waits: what does not answer within half a minute, or a minute to a login, will not answer in five either. */
const IMPATIENT = {connectMs: 30_000, commandMs: 60_000}

/**
 * Connects, logs in once where the account has a user, and says goodbye. @throws what stands in the way, catalogued: 20 to
 * 25, 75, 78; or the signal's reason.
 */
export async function verifySmtpLogin(
  account: SmtpAccount,
  signal: AbortSignal,
  options: SmtpOptions = {},
): Promise<void> {
  const session = await openSession(account, signal, {...options, deadlines: {...IMPATIENT, ...options.deadlines}})
  await session.quit()
}
