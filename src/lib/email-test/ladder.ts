/** A target of a test, and the ladder that is climbed for it. */
import type {Rung} from '../diagnosis/ladder.ts'
import type {TranscriptLine} from '../diagnosis/subject.ts'

export interface Ladder {
  /** As people name it: an address, `inbound`, `relay`, `HOST:PORT`. */
  readonly target: string
  /** The host that is connected to, for the limit of connections; null where nothing is. */
  readonly host: string | null
  readonly rungs: readonly Rung[]
  /** What passed over the wire so far. */
  readonly transcript: readonly TranscriptLine[]
  /** Says goodbye to the server, whatever happened. Never rejects. */
  end(): Promise<void>
}
