import {WireError} from './wire.ts'

/** What came is no answer of the protocol that was expected. The connection is of no more use. */
export class NotUnderstood extends WireError {
  /** What came, all of it. */
  readonly received: string

  constructor(why: string, received: string) {
    super('NOT_UNDERSTOOD', why)
    this.name = 'NotUnderstood'
    this.received = received
  }
}
