/** Names like the one that was typed, for a "did you mean". Only ever shown, never acted on. */
import {distance} from 'fastest-levenshtein'

/**
 * At most two, near enough to be a slip of the finger: a third of the letters, two letters in the wrong order, or one
 * name within the other.
 */
export function nearNames(typed: string, names: readonly string[]): string[] {
  const wanted = typed.toLowerCase()
  return names
    .map((name) => ({
      name,
      far: slips(wanted, name.toLowerCase()),
      within: wanted.length > 2 && name.toLowerCase().includes(wanted),
    }))
    .filter(({far, within}) => within || far <= Math.max(1, Math.floor(wanted.length / 3)))
    .sort((a, b) => a.far - b.far || (a.name < b.name ? -1 : 1))
    .slice(0, 2)
    .map(({name}) => name)
}

/** How many slips lead from one word to the other; two neighbouring letters that changed places are one slip. */
function slips(typed: string, name: string): number {
  return areSwapped(typed, name) ? 1 : distance(typed, name)
}

function areSwapped(typed: string, name: string): boolean {
  if (typed.length !== name.length) return false
  let at = 0
  while (at < name.length && typed[at] === name[at]) at++
  return (
    at + 1 < name.length &&
    typed[at] === name[at + 1] &&
    typed[at + 1] === name[at] &&
    typed.slice(at + 2) === name.slice(at + 2)
  )
}
