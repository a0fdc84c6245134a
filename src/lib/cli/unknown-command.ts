/** Words that name no command. */
import {usage, type Fix, type PostdeskError} from '../errors.ts'
import {isHidden} from './commands.ts'
import {nearNames} from '../near-names.ts'

/** True for the first words of other commands: `portal` of `portal:add`. */
export const isTopic = (name: string, ids: readonly string[]): boolean => ids.some((id) => id.startsWith(`${name}:`))

/** The error for words that name nothing. What was probably meant is shown, never done. */
export function unknownCommand(words: readonly string[], ids: readonly string[]): PostdeskError {
  const visible = ids.filter((id) => !isHidden(id))
  let depth = 0
  while (depth < words.length && isTopic(words.slice(0, depth + 1).join(':'), visible)) depth++
  const found = words.slice(0, depth)
  const [wrong = '', ...after] = words.slice(depth)
  const below = new Set(
    visible
      .filter((id) => found.length === 0 || id.startsWith(`${found.join(':')}:`))
      .map((id) => id.split(':')[found.length]!),
  )
  const meant = [
    ...nearNames(wrong, [...below]).map((name) => longestName([...found, name, ...after], visible)),
    // `sync` for `email sync`, `list portal` for `portal list`
    ...visible.filter(
      (id) => id.endsWith(`:${wrong}`) && (depth === 0 ? after.length === 0 || id.startsWith(`${after[0]}:`) : false),
    ),
  ].slice(0, 3)
  const fixes: Fix[] =
    meant.length > 0
      ? meant.map((id) => ({text: 'Did you mean:', command: `postdesk ${id.replaceAll(':', ' ')}`}))
      : [
          {
            text: `There ${below.size === 1 ? 'is' : 'are'}: ${[...below].join(', ')}.`,
            command: ['postdesk', ...found, '--help'].join(' '),
          },
        ]
  return usage(`"${words.slice(0, depth + 1).join(' ')}" is not a command`, fixes)
}

/** As many of the words as name a command or a topic. */
function longestName(words: readonly string[], ids: readonly string[]): string {
  for (let depth = words.length; depth > 0; depth--) {
    const name = words.slice(0, depth).join(':')
    if (ids.includes(name) || isTopic(name, ids)) return name
  }
  return words.join(':')
}
