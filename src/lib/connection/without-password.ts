import {createRedactor} from '../log.ts'
import type {Secret} from '../secret/secret.ts'

/** Who we are to a server; null where it asks for no login. */
export interface Login {
  readonly user: string | null
  readonly password: Secret | null
}

/**
 * What the server said, or a library made of it, with the password blanked out: some servers echo the command that they
 * did not like, with the password in clear or as SASL PLAIN puts it (RFC 4616 2).
 */
export function withoutPassword(text: string, {user, password}: Login): string {
  const redactor = createRedactor()
  if (password !== null) {
    redactor.register(password.reveal())
    redactor.register(`\0${user}\0${password.reveal()}`)
  }
  return redactor.redact(text)
}
