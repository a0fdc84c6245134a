/** What a run of tests is told, and the portal that it looks at. */
import type {Stage} from '../channel/stage.ts'
import type {StageId} from '../channel/stages.ts'
import type {Clock, Instant} from '../clock.ts'
import type {DiagnosisDeadlines, TranscriptLine} from '../diagnosis/subject.ts'
import type {VerdictOptions} from '../diagnosis/verdict.ts'
import type {ResolverAddress} from '../dns/resolver.ts'
import type {Log} from '../log.ts'
import type {RefusedPasswords} from '../refused-passwords.ts'
import type {SecretSources} from '../secret/resolve-secret.ts'
import type {Store} from '../store/open.ts'
import type {PortalRow} from '../store/portals.ts'
import type {LoginTurns} from './login-turns.ts'

/** Where the addresses are, and their passwords. */
export interface Desk {
  readonly store: Store
  readonly portal: PortalRow
  readonly secrets: SecretSources
}

export interface TestRun extends VerdictOptions {
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** Null for the system's. */
  readonly resolver: ResolverAddress | null
  readonly deadlines: DiagnosisDeadlines
  /** Stages and groups; null for all. */
  readonly only: ReadonlySet<string> | null
  readonly until: StageId | null
  /** PEM of the only authority to trust; null for the public ones. */
  readonly ca: string | null
  /** The name that certificates have to be for; null for that of the server. */
  readonly tlsName: string | null
  /** To whom a message is really sent; null for nobody. */
  readonly sendTo: string | null
  /** How long a round trip is waited for, in ms; null for none. */
  readonly roundTripMs: number | null
  readonly refused: RefusedPasswords
  readonly logins: LoginTurns
  /** Called before a password is tried again that was refused a while ago; false where it is not to be. */
  readonly triesAgain: (login: {readonly user: string; readonly host: string}, refusedAt: Instant) => Promise<boolean>
  readonly onBegin: (target: string, id: StageId) => void
  readonly onStage: (target: string, stage: Stage) => void
  readonly onTranscript: (target: string, line: TranscriptLine) => void
  /** The target is done with. */
  readonly onEnd: (target: string) => void
}
