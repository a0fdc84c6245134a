/** Work that runs side by side, but not all at once. */
export type Limit = <T>(work: () => Promise<T>) => Promise<T>

/** Runs at most `most` at a time, in the order in which they come. */
export function createLimit(most: number): Limit {
  let running = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      // The place is handed on, so that nobody takes it in between.
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
