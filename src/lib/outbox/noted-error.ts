/** An error as it is noted on an account, so that who asks later is told as much as who met it. */
import {PostdeskError, type ExitCode, type Fix} from '../errors.ts'

export interface NotedError {
  readonly code: string
  readonly exitCode: ExitCode
  readonly title: string
  readonly why: string
  readonly at: string
  readonly fixes?: readonly Fix[]
  readonly serverReply?: string
}

export function asError(json: string): PostdeskError {
  const {at: _, ...parts} = JSON.parse(json) as NotedError
  return new PostdeskError(parts)
}
