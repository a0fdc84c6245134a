import {WireError} from './wire.ts'

/** So much of what came is quoted: enough to recognise a web server, or a line of noise. */
const QUOTED = 500

/** What came is no answer of the protocol that was expected. The connection is of no more use. */
export class NotUnderstood extends WireError {
  /** What came, cut where it is long. */
  readonly received: string

  constructor(why: string, received: string) {
    super('NOT_UNDERSTOOD', why)
    this.name = 'NotUnderstood'
    this.received = received.slice(0, QUOTED)
  }
}
