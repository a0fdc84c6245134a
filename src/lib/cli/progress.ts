/** How far a long run has come: a bar on a terminal, else a line now and then for the log of a CI job. */
import type {Style} from './style.ts'

export interface ProgressState {
  /** What is known to wait, including what was taken. */
  readonly expected: number
  readonly taken: number
  readonly bytes: number
}

export interface Progress {
  update(state: ProgressState): void
  /** Leaves the line, so that other text can follow. */
  end(): void
}

/** Pause between two drawings of a bar, in ms. */
const DRAW_MS = 100
/** Pause between two lines where there is no terminal, in ms. */
const LINE_MS = 10_000
const BAR_WIDTH = 24

export function createProgress(stream: NodeJS.WriteStream, {colour, width}: Style, what: string): Progress {
  const started = performance.now()
  const interval = stream.isTTY ? DRAW_MS : LINE_MS
  let drawn = stream.isTTY ? Number.NEGATIVE_INFINITY : started
  let shown = false
  let total = 0
  return {
    update({expected, taken, bytes}) {
      const now = performance.now()
      if (!stream.isTTY && expected > 0 && total === 0) stream.write(`${expected} ${what} to fetch\n`)
      total = expected
      if (expected === 0 || now - drawn < interval) return
      drawn = now
      const seconds = (now - started) / 1000
      const rate = taken / seconds
      const left = rate > 0 ? Math.ceil((expected - taken) / rate) : null
      const text = `${taken}/${expected} ${what}  ${rate.toFixed(0)}/s  ${(bytes / 1e6 / seconds).toFixed(1)} MB/s  ${left === null ? '' : `${duration(left)} left`}`
      if (!stream.isTTY) {
        stream.write(`${text}\n`)
        return
      }
      const filled = Math.round((BAR_WIDTH * taken) / expected)
      const bar = `${'█'.repeat(filled)}${colour.dim('░'.repeat(BAR_WIDTH - filled))} `
      stream.write(`\r\u001B[K${(width ?? 80) > BAR_WIDTH + text.length ? bar : ''}${text}`)
      shown = true
    },
    end() {
      if (shown) stream.write('\r\u001B[K')
      shown = false
    },
  }
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
