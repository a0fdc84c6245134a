/** An SMTP server that takes mail and keeps it: smtp-server in this process, on a free port of 127.0.0.1. */
import {once} from 'node:events'
import {readFile} from 'node:fs/promises'
import type {TestContext} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import {SMTPServer, type SMTPServerOptions, type SMTPServerSession} from 'smtp-server'
import {makeCertificates, type ServerCertificate} from './certificates.ts'

/** A mail as it was handed over. */
export interface SunkMail {
  /** The reverse-path; `''` for the null one. */
  readonly sender: string
  readonly recipients: readonly string[]
  /** As it was sent, without dot stuffing and without the final dot. */
  readonly raw: Buffer
  /** Who had logged in, null where nobody had. */
  readonly user: string | null
  readonly secure: boolean
  /** Counts the connections of the server, from 1. */
  readonly connection: number
  /** What stood behind MAIL FROM: `{SIZE: '120', BODY: '8BITMIME'}`. */
  readonly parameters: Readonly<Record<string, string | true>>
}

/** A refusal: the code and the text of the reply. */
export interface Refusal {
  readonly code: number
  readonly text: string
}

export interface SmtpSinkOptions {
  /** Without it the server offers no login. */
  readonly auth?: {readonly user: string; readonly pass: string}
  /** TLS from the first byte, with a certificate for localhost. */
  readonly tls?: boolean
  /** STARTTLS is offered, with a certificate for localhost; AUTH only after it. */
  readonly starttls?: boolean
  /** The certificate in place of the good one; then `ca` of the sink is empty. */
  readonly certificate?: ServerCertificate
  /** Recipients whose address matches are refused, 550 where no refusal is given. */
  readonly refuse?: readonly (RegExp | (Refusal & {readonly pattern: RegExp}))[]
  /** Asked for each MAIL FROM. */
  readonly onSender?: (sender: string) => Refusal | undefined
  /** Asked when a mail has arrived whole: a refusal, or the text behind `250 `, or nothing for the usual one. */
  readonly onMail?: (mail: SunkMail) => Refusal | string | undefined
  /** Announced as SIZE, in bytes. */
  readonly size?: number
  /** Whatever else smtp-server can do. */
  readonly server?: SMTPServerOptions
}

export interface SmtpSink {
  readonly host: 'localhost'
  readonly port: number
  /** The authority of its certificate in PEM; `''` without TLS. */
  readonly ca: string
  /** What it took, in order. What `onMail` refused is not among it. */
  readonly mails: readonly SunkMail[]
  connections(): number
  /** Logins that were tried. */
  logins(): number
  /** Resolves with the mails when there are at least so many; rejects after 10 s. */
  waitFor(count: number): Promise<readonly SunkMail[]>
  /** Ends it before the test does. */
  stop(): Promise<void>
}

/** Starts a server that ends with the test. */
export async function startSmtpSink(t: TestContext, options: SmtpSinkOptions = {}): Promise<SmtpSink> {
  const {auth, tls = false, starttls = false, refuse = [], onSender, onMail, size} = options
  const encrypted = tls || starttls
  const made = encrypted && options.certificate === undefined ? await makeCertificates(t) : undefined
  const certificate = options.certificate ?? made?.good
  const mails: SunkMail[] = []
  const connections = new Map<string, number>()
  let logins = 0

  const server = new SMTPServer({
    logger: false,
    banner: 'sink',
    secure: tls,
    ...(certificate === undefined
      ? {}
      : {key: await readFile(certificate.key), cert: await readFile(certificate.certificate)}),
    hideSTARTTLS: !starttls,
    authOptional: auth === undefined,
    allowInsecureAuth: !encrypted,
    authMethods: ['PLAIN', 'LOGIN'],
    disabledCommands: [...(auth === undefined ? ['AUTH'] : []), ...(starttls ? [] : ['STARTTLS'])],
    disableReverseLookup: true,
    closeTimeout: 100,
    ...(size === undefined ? {} : {size}),
    onConnect({id}, done) {
      connections.set(id, connections.size + 1)
      done()
    },
    onAuth({username, password}, _session, done) {
      logins++
      if (username === auth?.user && password === auth?.pass) done(null, {user: username})
      else done(refusalError({code: 535, text: '5.7.8 Error: authentication failed'}))
    },
    onMailFrom({address}, _session, done) {
      const refusal = onSender?.(address)
      done(refusal && refusalError(refusal))
    },
    onRcptTo({address}, _session, done) {
      const rule = refuse.find((rule) => (rule instanceof RegExp ? rule : rule.pattern).test(address))
      if (rule === undefined) return done()
      done(refusalError(rule instanceof RegExp ? {code: 550, text: `5.1.1 <${address}>: no such user`} : rule))
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const mail = sunk(session, Buffer.concat(chunks), connections.get(session.id) ?? 0)
        const answer = stream.sizeExceeded ? {code: 552, text: '5.3.4 too big'} : onMail?.(mail)
        if (typeof answer === 'object') return done(refusalError(answer))
        mails.push(mail)
        done(null, answer ?? `2.0.0 Ok: queued as ${mails.length}`)
      })
    },
    ...options.server,
  })
  // Clients that break off are part of the tests.
  server.on('error', () => {})
  const listener = server.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= new Promise<void>((resolve) => server.close(() => resolve())))
  t.after(stop)
  return {
    host: 'localhost',
    port: address.port,
    ca: made?.ca ?? '',
    mails,
    connections: () => connections.size,
    logins: () => logins,
    async waitFor(count) {
      for (const until = Date.now() + 10_000; mails.length < count; await sleep(20))
        if (Date.now() > until) throw new Error(`${mails.length} of ${count} mails came within 10 s`)
      return mails
    },
    stop,
  }
}

function sunk(session: SMTPServerSession, raw: Buffer, connection: number): SunkMail {
  const {envelope, user, secure} = session
  const from = envelope.mailFrom
  return {
    sender: from === false ? '' : from.address,
    recipients: envelope.rcptTo.map(({address}) => address),
    raw,
    user: typeof user === 'string' ? user : null,
    secure,
    connection,
    parameters: from === false || from.args === false ? {} : from.args,
  }
}

const refusalError = ({code, text}: Refusal) => Object.assign(new Error(text), {responseCode: code})
