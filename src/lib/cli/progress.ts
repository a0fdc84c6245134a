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
  /** Leaves the line, so that other text can follow. The next update begins anew. */
  end(): void
}

/** Pause between two drawings of a bar, in ms. */
const DRAW_MS = 100
/** Pause between two lines where there is no terminal, in ms. */
const LINE_MS = 10_000
const BAR_WIDTH = 24
/** Speeds are not told before this many milliseconds: they would be wild guesses. */
const SPEED_MS = 250

/** `what` is a plural on s; `verb`: what is done to them. `now` gives milliseconds, for tests. */
export function createProgress(
  stream: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>,
  {colour, width}: Style,
  what: string,
  now: () => number = () => performance.now(),
  verb = 'fetch',
): Progress {
  /** When the first update came, and when something was last drawn; null before. */
  let began: number | null = null
  let drawn = 0
  let shown = false

  const draw = (text: string, share: number) => {
    const columns = width ?? 80
    // A line as wide as the terminal would move to the next one, and the next drawing could not cover it.
    if (columns <= BAR_WIDTH + 1 + text.length) return stream.write(`\r\u001B[K${text.slice(0, columns - 1)}`)
    const filled = Math.round(BAR_WIDTH * share)
    return stream.write(`\r\u001B[K${'█'.repeat(filled)}${colour.dim('░'.repeat(BAR_WIDTH - filled))} ${text}`)
  }

  return {
    update({expected, taken, bytes}) {
      if (expected === 0) return
      const at = now()
      const first = began === null
      began ??= at
      if (first && !stream.isTTY) {
        stream.write(`${expected} ${counted(expected, what)} to ${verb}\n`)
        drawn = at
        return
      }
      if (!first && at - drawn < (stream.isTTY ? DRAW_MS : LINE_MS)) return
      drawn = at
      const text = describe({expected, taken, bytes}, what, at - began)
      if (stream.isTTY) {
        draw(text, taken / expected)
        shown = true
      } else stream.write(`${text}\n`)
    },
    end() {
      if (shown) stream.write('\r\u001B[K')
      shown = false
      began = null
    },
  }
}

const counted = (count: number, what: string) => (count === 1 ? what.replace(/s$/, '') : what)

function describe({expected, taken, bytes}: ProgressState, what: string, ms: number): string {
  const done = `${taken}/${expected} ${counted(expected, what)}`
  if (taken === 0 || ms < SPEED_MS) return done
  const rate = (taken * 1000) / ms
  const left = duration(Math.ceil((expected - taken) / rate))
  return `${done}  ${rate.toFixed(rate < 10 ? 1 : 0)}/s  ${(bytes / 1000 / ms).toFixed(1)} MB/s  ${left} left`
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
