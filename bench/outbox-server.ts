/**
 * The server that the benchmark of the outbox sends to, in a process of its own: it takes every login and every mail, and
 * keeps nothing. Its parent asks for what it saw since the last question.
 */
import {SMTPServer} from 'smtp-server'

/** What a sender did, as its server saw it. */
export interface Seen {
  readonly mails: number
  readonly bytes: number
  readonly connections: number
  /** From the first connection to the end of the last one. */
  readonly seconds: number
}

let seen = {mails: 0, bytes: 0, connections: 0, open: 0, first: 0, last: 0}

const server = new SMTPServer({
  logger: false,
  disabledCommands: ['STARTTLS'],
  authMethods: ['PLAIN'],
  allowInsecureAuth: true,
  disableReverseLookup: true,
  onConnect(_session, done) {
    if (seen.connections++ === 0) seen.first = performance.now()
    seen.open++
    done()
  },
  onAuth(_login, _session, done) {
    done(null, {user: 'bench'})
  },
  onData(stream, _session, done) {
    stream.on('data', (piece: Buffer) => (seen.bytes += piece.length))
    stream.on('end', () => {
      seen.mails++
      done()
    })
  },
  onClose() {
    seen.open--
    seen.last = performance.now()
  },
})
server.on('error', () => {}) // whoever breaks off is found by the count
const listener = server.listen(0, '127.0.0.1', () => {
  const address = listener.address()
  process.send!(typeof address === 'object' ? address?.port : null)
})

process.on('message', () => {
  // A sender may have ended before its last connection is seen to end here.
  const answer = () => {
    if (seen.open > 0) return void setTimeout(answer, 1)
    const {mails, bytes, connections, first, last} = seen
    process.send!({mails, bytes, connections, seconds: (last - first) / 1000} satisfies Seen)
    seen = {mails: 0, bytes: 0, connections: 0, open: 0, first: 0, last: 0}
  }
  answer()
})
process.on('disconnect', () => process.exit())
