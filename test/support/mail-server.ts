/**
 * A mail server in this process, SMTP or IMAP, with real TLS. It behaves well until a test replaces its answer to a
 * command, and keeps a record of what it was told.
 */
import {once} from 'node:events'
import {createServer, type Socket} from 'node:net'
import type {TestContext} from 'node:test'
import {createSecureContext, TLSSocket, type TLSSocketOptions} from 'node:tls'

/** One command of a client, and the means to answer it. */
export interface MailExchange {
  /** In capitals; `greeting` where the client has said nothing yet. */
  readonly name: string
  readonly args: string
  /** The client's tag; `*` before the first command, and for SMTP. */
  readonly tag: string
  readonly encrypted: boolean
  /** Sends lines, each with CRLF behind it. */
  readonly say: (...lines: readonly string[]) => void
  /** Sends bytes as they are. */
  readonly raw: (bytes: string | Buffer) => void
  /** Ends the connection, after what was sent. */
  readonly hangUp: () => void
  /** Ends it as a crash does: with a reset. */
  readonly reset: () => void
  /** What the server would have done without the script. */
  usual(): void
}

export type MailHandler = (exchange: MailExchange) => void

/** By command; `connection` is asked before anything is said, and then nothing else happens. */
export interface MailScript {
  readonly connection?: (socket: Socket) => void
  readonly commands?: Readonly<Record<string, MailHandler>>
}

export interface MailServerOptions extends MailScript {
  readonly protocol: 'smtp' | 'imap'
  /** How it speaks, whatever its clients think. */
  readonly speaks: 'tls' | 'starttls' | 'none'
  /** Certificate and key in PEM, and what else its TLS is like. */
  readonly tls?: TLSSocketOptions
  /** The address that it listens on. */
  readonly address?: string
  /** Keywords, without STARTTLS; the usual ones where they are left out. */
  readonly offers?: {readonly inClear?: readonly string[]; readonly encrypted?: readonly string[]}
}

export interface MailServer {
  readonly address: string
  readonly port: number
  /** The commands of all connections in the order they came, IMAP's without tags. */
  readonly heard: readonly string[]
  /** Connections so far. */
  connections(): number
  /** Those that are open now. */
  open(): number
}

/** Starts a server that ends with the test. */
export async function startMailServer(t: TestContext, options: MailServerOptions): Promise<MailServer> {
  const {address = '127.0.0.1'} = options
  const heard: string[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer({allowHalfOpen: false}, (socket) => {
    connections++
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    if (options.connection) options.connection(socket)
    else if (options.speaks === 'tls') serve(encrypt(socket, options), options, heard, true)
    else serve(socket, options, heard, true)
  })
  server.listen(0, address)
  await once(server, 'listening')
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('no port')
  return {address, port: bound.port, heard, connections: () => connections, open: () => sockets.size}
}

function encrypt(socket: Socket, {tls = {}}: MailServerOptions): TLSSocket {
  const encrypted = new TLSSocket(socket, {isServer: true, ...tls, secureContext: createSecureContext(tls)})
  // Clients that break off are part of the tests.
  encrypted.on('error', () => socket.destroy())
  return encrypted
}

function serve(socket: Socket, options: MailServerOptions, heard: string[], greets: boolean): void {
  const {protocol, commands = {}} = options
  let text = ''
  const handle = (name: string, args: string, tag: string) => {
    const exchange: MailExchange = {
      name,
      args,
      tag,
      encrypted: socket instanceof TLSSocket,
      say: (...lines) => void socket.write(lines.map((line) => `${line}\r\n`).join('')),
      raw: (bytes) => void socket.write(bytes),
      hangUp: () => socket.destroySoon(),
      reset: () => socket.resetAndDestroy(),
      usual: () => (protocol === 'smtp' ? usualSmtp : usualImap)(exchange, options),
    }
    const handler = commands[name]
    if (handler) handler(exchange)
    else exchange.usual()
    if (name === 'STARTTLS' && !handler) upgrade()
  }
  const upgrade = () => {
    socket.off('data', take)
    serve(encrypt(socket, options), options, heard, false)
  }
  const take = (data: Buffer) => {
    text += data.toString('latin1')
    for (let end = text.indexOf('\r\n'); end !== -1; end = text.indexOf('\r\n')) {
      const line = text.slice(0, end)
      text = text.slice(end + 2)
      const [tag, said] =
        protocol === 'imap' ? [line.split(' ', 1)[0]!, line.slice(line.indexOf(' ') + 1)] : ['*', line]
      heard.push(said)
      const [word = '', ...rest] = said.split(' ')
      handle(word.toUpperCase(), rest.join(' '), tag)
    }
  }
  socket.on('data', take)
  const greet = () => handle('greeting', '', '*')
  if (greets && socket instanceof TLSSocket) socket.once('secure', greet)
  else if (greets) greet()
}

const SMTP_OFFERS = ['PIPELINING', 'SIZE 10000000', '8BITMIME', 'ENHANCEDSTATUSCODES']
const IMAP_OFFERS = ['IMAP4rev1', 'ID', 'IDLE', 'NAMESPACE', 'SASL-IR']

/** No login in clear where it could be had in private (RFC 8314 4). */
function offersOf({protocol, speaks, offers = {}}: MailServerOptions, encrypted: boolean): readonly string[] {
  const [usual, login] = protocol === 'smtp' ? [SMTP_OFFERS, 'AUTH PLAIN LOGIN'] : [IMAP_OFFERS, 'AUTH=PLAIN']
  if (encrypted) return offers.encrypted ?? [...usual, login]
  const inClear = offers.inClear ?? (speaks === 'none' ? [...usual, login] : usual)
  return speaks === 'starttls' ? [...inClear, 'STARTTLS'] : inClear
}

function usualSmtp({name, args, encrypted, say, hangUp}: MailExchange, options: MailServerOptions): void {
  switch (name) {
    case 'greeting':
      return say('220 zoo.example ESMTP')
    case 'EHLO': {
      const lines = ['zoo.example', ...offersOf(options, encrypted)]
      return say(...lines.map((line, at) => `250${at === lines.length - 1 ? ' ' : '-'}${line}`))
    }
    case 'STARTTLS':
      return say('220 2.0.0 Ready to start TLS')
    case 'AUTH':
      return args.startsWith('PLAIN ') ? say('235 2.7.0 Authentication successful') : say('504 5.5.4 Unrecognized')
    case 'QUIT':
      say('221 2.0.0 Bye')
      return hangUp()
    case 'HELO':
    case 'MAIL':
    case 'RCPT':
    case 'RSET':
    case 'NOOP':
      return say('250 2.1.0 Ok')
    default:
      return say('502 5.5.2 Error: command not recognized')
  }
}

const HEADER = 'From: a@customer.example\r\nSubject: hello\r\n\r\n'

function usualImap({name, args, tag, encrypted, say, raw, hangUp}: MailExchange, options: MailServerOptions): void {
  const ok = (...before: readonly string[]) => say(...before.map((line) => `* ${line}`), `${tag} OK done`)
  switch (name) {
    case 'greeting':
      return say('* OK zoo ready')
    case 'CAPABILITY':
      return ok(`CAPABILITY ${offersOf(options, encrypted).join(' ')}`)
    case 'NAMESPACE':
      return ok('NAMESPACE (("" "/")) NIL NIL')
    case 'LIST':
      return ok('LIST () "/" INBOX')
    case 'STATUS':
      return ok('STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1)')
    case 'SELECT':
    case 'EXAMINE':
      return ok('1 EXISTS', 'FLAGS (\\Seen)', 'OK [UIDVALIDITY 1] ok', 'OK [UIDNEXT 2] ok')
    case 'FETCH':
      raw(`* 1 FETCH (UID 1 BODY[HEADER] {${HEADER.length}}\r\n${HEADER})\r\n`)
      return ok()
    case 'UID':
      if (args.startsWith('FETCH'))
        raw(`* 1 FETCH (UID 1 RFC822.SIZE ${HEADER.length} BODY[HEADER] {${HEADER.length}}\r\n${HEADER})\r\n`)
      return ok()
    case 'LOGOUT':
      ok('BYE done')
      return hangUp()
    case 'STARTTLS':
    case 'LOGIN':
    case 'AUTHENTICATE':
    case 'ID':
    case 'NOOP':
    case 'UNSELECT':
    case 'CLOSE':
      return ok()
    default:
      return say(`${tag} BAD unknown command`)
  }
}
