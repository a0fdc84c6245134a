/** Sets of UIDs as text (RFC 9051 9, `sequence-set`). UIDs are 32-bit numbers above 0. */

/** The highest UID there can be (RFC 9051 9, `nz-number`). */
export const MAX_UID = 2 ** 32 - 1

/** A command line: RFC 7162 4 asks clients to stay below 8192 octets, and Exchange gives BAD above. */
const SET_OCTETS = 8000

/** Takes from the front of ascending `uids` as many as fit `maxCount` and `maxOctets`; at least one. */
export function packUids(
  uids: readonly number[],
  maxCount: number,
  maxOctets: number = SET_OCTETS,
): {readonly set: string; readonly count: number} {
  let set = ''
  let count = 0
  while (count < uids.length && count < maxCount) {
    const first = uids[count]!
    let length = 1
    while (count + length < maxCount && uids[count + length] === first + length) length++
    const part = length === 1 ? `${first}` : `${first}:${first + length - 1}`
    const longer = set === '' ? part : `${set},${part}`
    if (set !== '' && longer.length > maxOctets) break
    set = longer
    count += length
  }
  return {set, count}
}

/** The UIDs of a set as a server writes it, ascending, each once, at most `max`; what is no UID is left out. */
export function expandUids(set: string, max: number): number[] {
  const uids = new Set<number>()
  for (const part of set.split(',')) {
    const match = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(part.trim())
    if (!match) continue
    const [one, other] = [Number(match[1]), Number(match[2] ?? match[1])]
    const last = Math.min(Math.max(one, other), MAX_UID)
    for (let uid = Math.max(1, Math.min(one, other)); uid <= last && uids.size < max; uid++) uids.add(uid)
  }
  return [...uids].sort((a, b) => a - b)
}
