/** The flags that a command line really has. */
import {usage} from '../errors.ts'

/** Those of `names` that were given. @throws 64 where none was: an update without a change is a slip. */
export function givenFlags<Flags extends object, Name extends keyof Flags & string>(
  flags: Flags,
  names: readonly Name[],
): {[Key in Name]?: Exclude<Flags[Key], undefined>} {
  const given = names.filter((name) => flags[name] !== undefined)
  if (given.length === 0)
    throw usage('nothing to change was named', [
      {text: `Give at least one of ${names.map((n) => `--${n}`).join(', ')}.`},
    ])
  return Object.fromEntries(given.map((name) => [name, flags[name]])) as {
    [Key in Name]?: Exclude<Flags[Key], undefined>
  }
}
