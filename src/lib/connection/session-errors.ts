/** What goes wrong in a session of any protocol of mail, and what of it may be shown. */
import {connectionFailed, type ErrorParts, EXIT, messageOf, type PostdeskError} from '../errors.ts'
import type {MailProtocol} from './protocol.ts'
import {type Login, withoutPassword} from './without-password.ts'

/** The error of these parts, with the server's own words; the password is blanked out in all of it. */
export function sessionError(login: Login, parts: ErrorParts, reply?: string, cause?: unknown): PostdeskError {
  // The library's error quotes the server: where that echoes the password, the error is not kept.
  const clean = cause !== undefined && withoutPassword(messageOf(cause), login) === messageOf(cause)
  return connectionFailed({
    ...parts,
    why: withoutPassword(parts.why, login),
    ...(reply === undefined || reply === '' ? {} : {serverReply: withoutPassword(reply, login)}),
    ...(clean ? {cause} : {}),
  })
}

/** The server answers in no known form. */
export function notUnderstood(host: string, why: string, {name}: MailProtocol): ErrorParts {
  return {
    code: `${name}_PROTOCOL`,
    exitCode: EXIT.protocol,
    title: `${host} answers what cannot be understood`,
    why,
    fixes: [{text: 'Run it again with --debug and report what it shows.'}],
    stage: name.toLowerCase(),
  }
}

/** The connection broke, or was silent for too long, in the middle of a session. */
export const sessionLost = ({host}: {readonly host: string}, {name}: MailProtocol, why: string): ErrorParts => ({
  code: `${name}_CONNECTION_LOST`,
  exitCode: EXIT.tryAgain,
  title: `The connection to ${host} was lost`,
  why,
  fixes: [{text: 'Try again. If it stays so, the server or the network in between is at fault.'}],
})
