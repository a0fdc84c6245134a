/** What every command prints with `--json`: one object, the same shape for success and failure. */
import type {Certainty, Fix, PostdeskError} from '../errors.ts'

export interface Envelope<Result> {
  /** True for the exit codes 0 and 2. */
  readonly ok: boolean
  readonly exitCode: number
  /** There whenever work was done, also beside an error. */
  readonly result?: Result
  readonly error?: ErrorBody
  readonly warnings: readonly string[]
  readonly nextSteps: readonly string[]
}

/** That of any command. */
export type AnyEnvelope = Envelope<unknown>

export interface ErrorBody {
  readonly code: string
  readonly title: string
  readonly why: string
  readonly fixes: readonly Fix[]
  readonly stage?: string
  readonly serverReply?: string
  /** How sure `why` is; left out where nothing is guessed. */
  readonly certainty?: Certainty
  /** Where the server's words have several causes: each, the most likely first. */
  readonly causes?: readonly string[]
  readonly missing?: readonly string[]
}

export function errorBody(error: PostdeskError): ErrorBody {
  return {
    code: error.code,
    title: error.title,
    why: error.why,
    fixes: error.fixes,
    ...(error.stage === undefined ? {} : {stage: error.stage}),
    ...(error.serverReply === undefined ? {} : {serverReply: error.serverReply}),
    ...(error.certainty === undefined ? {} : {certainty: error.certainty}),
    ...(error.causes === undefined ? {} : {causes: error.causes}),
    ...(error.missing === undefined ? {} : {missing: error.missing}),
  }
}
