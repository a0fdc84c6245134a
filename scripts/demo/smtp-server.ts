/** A mail provider on loopback, from an npm package: it takes mail from who can log in, and puts it into mailboxes it knows. */
import {once} from 'node:events'
import type {AddressInfo} from 'node:net'
import {SMTPServer} from 'smtp-server'
import type {WaitingMail} from './imap-server.ts'
import {arrive} from './mails.ts'

export interface DemoProvider {
  readonly host: '127.0.0.1'
  readonly port: number
  stop(): Promise<void>
}

/** Starts one. `mailboxes`: what takes the mail of an address. */
export async function startDemoProvider(
  {user, password}: {readonly user: string; readonly password: string},
  mailboxes: ReadonlyMap<string, (mail: WaitingMail) => void>,
): Promise<DemoProvider> {
  const server = new SMTPServer({
    logger: false,
    // The demo stays on loopback.
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    disableReverseLookup: true,
    closeTimeout: 100,
    onAuth(given, _session, done) {
      if (given.username === user && given.password === password) done(null, {user})
      else done(refusal(535, '5.7.8 authentication failed'))
    },
    onRcptTo({address}, _session, done) {
      done(mailboxes.has(address) ? null : refusal(550, `5.1.1 <${address}>: no such user`))
    },
    onData(stream, {envelope: {mailFrom, rcptTo}}, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const sender = mailFrom === false ? '' : mailFrom.address
        for (const {address} of rcptTo)
          mailboxes.get(address)?.(arrive(Buffer.concat(chunks), {sender, deliveredTo: address}, new Date()))
        done()
      })
    },
  })
  server.on('error', () => {}) // a client that breaks off ends nothing here
  const listener = server.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    host: '127.0.0.1',
    port: (listener.address() as AddressInfo).port,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

const refusal = (responseCode: number, text: string) => Object.assign(new Error(text), {responseCode})
