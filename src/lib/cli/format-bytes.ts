const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** A size as a person reads it: `12.3 kB`. A kB is 1000 bytes. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0]
  while (value >= 999.95 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`
}
