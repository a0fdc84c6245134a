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

/** A login is refused, and nothing in the reply says that it is not for the password. */
export function loginRefused(
  {host, user}: {readonly host: string; readonly user: string | null},
  {name}: MailProtocol,
): ErrorParts {
  return {
    code: `${name}_AUTH`,
    exitCode: EXIT.credentials,
    title: `${host} refuses the login of ${user}`,
    why: 'the user name or the password is wrong, or this provider wants an app password',
    fixes: [
      {text: 'Check the user name: most servers want the whole address, some only the part before the @.'},
      {text: 'Log in with the same password in a browser; with two-step login create an app password for postdesk.'},
      {text: 'Then store the password again.'},
    ],
    stage: 'login',
  }
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
