/** Colour, decided per stream, and the width that text has to fit. */
import {Chalk, type ChalkInstance} from 'chalk'
import type {WriteStream} from 'node:tty'

export interface Style {
  readonly colour: ChalkInstance
  /** Columns; null where the stream is no terminal and lines may be of any length. */
  readonly width: number | null
}

/** Colour on a terminal only, never with NO_COLOR (no-color.org), `--no-color` or a dumb terminal. */
export function styleOf(
  stream: WriteStream | NodeJS.WriteStream,
  options: {readonly noColour: boolean; readonly env?: NodeJS.ProcessEnv},
): Style {
  const env = options.env ?? process.env
  const forced = env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0'
  const wanted = !options.noColour && !env['NO_COLOR'] && env['TERM'] !== 'dumb' && (stream.isTTY || forced)
  return {colour: new Chalk({level: wanted ? 1 : 0}), width: stream.isTTY ? (stream.columns ?? 80) : null}
}
