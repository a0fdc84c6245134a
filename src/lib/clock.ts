/**
 * Time, passed in and never global, so that a decision about an age can be tested.
 */

/** An instant in UTC as ISO 8601 with milliseconds: `2026-03-01T09:30:00.000Z`. Sorts as text. */
export type Instant = string

/** Where the program learns what time it is. */
export interface Clock {
  now(): Instant
}

/** The machine's own clock. */
export const systemClock: Clock = {now: () => new Date().toISOString()}
