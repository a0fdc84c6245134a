import {type ErrorParts, EXIT} from '../errors.ts'
import {nearNames} from '../near-names.ts'

/** Names that are shown where the one asked for does not exist. */
const NAMES_SHOWN = 12

/** An account has no mailbox `name`; `names` are those that it has, as far as they are known. */
export function noMailbox(
  {host, user}: {readonly host: string; readonly user: string | null},
  name: string,
  names: readonly string[],
): ErrorParts {
  const near = nearNames(name, names)
  const shown = [...new Set([...near, ...names])].slice(0, NAMES_SHOWN)
  const listed = (some: readonly string[], between: string) => some.map((other) => `"${other}"`).join(between)
  return {
    code: 'IMAP_NO_MAILBOX',
    exitCode: EXIT.protocol,
    title: `There is no mailbox "${name}"`,
    why: `the account${user === null ? '' : ` ${user}`} at ${host} has none of that name; capitals and the separator count`,
    fixes: [
      ...(near.length > 0 ? [{text: `Did you mean ${listed(near, ' or ')}?`}] : []),
      ...(shown.length > 0 ? [{text: `It has ${listed(shown, ', ')}.`}] : []),
    ],
    stage: 'mailbox',
  }
}
