/** Names like the one that was typed, for a "did you mean". Only ever shown, never acted on. */
import {distance} from 'fastest-levenshtein'

/** At most two, near enough to be a slip of the finger: a third of the letters, or one name within the other. */
export function nearNames(typed: string, names: readonly string[]): string[] {
  const wanted = typed.toLowerCase()
  return names
    .map((name) => ({
      name,
      far: distance(wanted, name.toLowerCase()),
      within: wanted.length > 2 && name.toLowerCase().includes(wanted),
    }))
    .filter(({far, within}) => within || far <= Math.max(1, Math.floor(wanted.length / 3)))
    .sort((a, b) => a.far - b.far || (a.name < b.name ? -1 : 1))
    .slice(0, 2)
    .map(({name}) => name)
}
