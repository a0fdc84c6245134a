/** The account of a target: its password on this machine, and what its settings say before anybody is asked. */
import {accountPassword, passwordBinding, passwordSecret, type AccountOwner} from '../account-password.ts'
import {readNoted} from '../channel-summary.ts'
import {passed, warned, type Evidence, type Finding} from '../channel/stage.ts'
import {providerOfHost} from '../discovery/providers.ts'
import {EXIT, PostdeskError, type ErrorParts} from '../errors.ts'
import type {Secret} from '../secret/secret.ts'
import type {ServerSettings} from '../server-settings.ts'
import type {Desk} from './run.ts'

/** The password of an account, or why there is none; and where this machine finds it. */
export async function accountOf(
  owner: AccountOwner,
  server: ServerSettings,
  desk: Desk,
): Promise<{readonly password: Secret | PostdeskError | null; readonly evidence: Evidence}> {
  if (server.user === null) return {password: null, evidence: {}}
  const {store, portal, secrets} = desk
  try {
    const password = await accountPassword(desk)(owner, server)
    const {id} = await passwordSecret(store, portal, owner, passwordBinding(server))
    const ref = await secrets.bindings.get(id)
    return {password, evidence: {passwordFrom: ref?.kind ?? secrets.place.kind}}
  } catch (error) {
    if (!(error instanceof PostdeskError)) throw error
    return {password: error, evidence: {}}
  }
}

/** The settings of a server that nothing is wrong with but what they say themselves. */
export function settingsOf({host, port, security, user}: ServerSettings, evidence: Evidence): Finding {
  const provider = providerOfHost(host)
  const all = {host, port, security, user, provider: provider?.name ?? null, ...evidence}
  if (provider?.password.kind === 'none' && user !== null)
    return warned(
      {
        code: 'PASSWORDS_REFUSED',
        exitCode: EXIT.loginClosed,
        title: `${provider.name} takes no passwords`,
        why: provider.password.say,
        fixes: provider.password.url === undefined ? [] : [{text: `What it says: ${provider.password.url}`}],
      },
      all,
    )
  return passed(`${host}:${port}, security ${security}, ${user === null ? 'no login' : `user ${user}`}`, all)
}

/** Why nothing leaves by an account, as it was noted. */
export const pausedParts = (shownAs: string, json: string, on: string): ErrorParts => {
  const {code, title, why, at} = readNoted(json)
  return {
    code: 'ACCOUNT_PAUSED',
    exitCode: EXIT.tryAgain,
    title: `Nothing leaves by ${shownAs} since ${at}: ${title} (${code})`,
    why,
    fixes: [{text: 'Mend what the stages below say; then:', command: `postdesk outbox send ${on}`}],
  }
}

/** A server in the words of a command line, in another security; the password was given for the one before. */
export const flagsOf = ({host, port, user}: ServerSettings, security: string): string =>
  `--host ${host} --port ${port} --security ${security}${user === null ? '' : ` --user ${user} --keep-password`}`
