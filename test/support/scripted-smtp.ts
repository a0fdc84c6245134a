/**
 * An SMTP server in this process that behaves well until a test replaces its answer to a command. It keeps nothing but
 * a record of what it was told; mail that is to be looked at goes to a sink (smtp-sink.ts).
 */
import {once} from 'node:events'
import {createServer, type Socket} from 'node:net'
import type {TestContext} from 'node:test'

/** One command of a client, and the means to answer it. */
export interface SmtpExchange {
  /** In capitals; besides commands `greeting`, `message` (the final dot) and `content` (bytes of a message before it). */
  readonly name: string
  /** What follows the command's name: `FROM:<a@b> SIZE=12`; for `AUTH` also what PLAIN and LOGIN gave, decoded. */
  readonly args: string
  /** Counts the connections of the server, from 1. */
  readonly connection: number
  /** For `message` and `content`: what came of the message so far, dots still doubled. */
  readonly content: Buffer
  /** Sends lines, each with CRLF behind it. */
  readonly reply: (...lines: readonly string[]) => void
  /** Sends bytes as they are. */
  readonly raw: (bytes: string | Buffer) => void
  /** Ends the connection at once, after what was sent. */
  readonly hangUp: () => void
  /** Ends it as a crash does: with a reset. */
  readonly reset: () => void
  /** From now on nothing is read, and nothing answered. */
  readonly freeze: () => void
  /** What the server would have done without the script. */
  usual(): void
}

export type SmtpHandler = (exchange: SmtpExchange) => void

/** By name; what has no handler is answered as usual. */
export type SmtpScript = Readonly<Record<string, SmtpHandler>>

export interface ScriptedSmtp {
  readonly host: '127.0.0.1'
  readonly port: number
  /** The EHLO keywords; AUTH among them. May be changed at any time. */
  capabilities: string[]
  /** May be changed at any time. */
  script: SmtpScript
  /** Commands in order, as they came. Passwords stand as they were sent. */
  readonly commands: readonly string[]
  /** Messages whose final dot came, dots still doubled, without the final one. */
  readonly messages: readonly Buffer[]
  connections(): number
  /** Sends a line on every open connection. */
  announce(line: string): void
  /** Ends every open connection. */
  hangUp(): void
}

const END = Buffer.from('\r\n.\r\n')

/** Starts a server that ends with the test. */
export async function startScriptedSmtp(t: TestContext, script: SmtpScript = {}): Promise<ScriptedSmtp> {
  const commands: string[] = []
  const messages: Buffer[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => serve(socket, ++connections))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const scripted: ScriptedSmtp = {
    host: '127.0.0.1',
    port: address.port,
    capabilities: ['PIPELINING', 'SIZE 1000000', '8BITMIME', 'ENHANCEDSTATUSCODES', 'AUTH PLAIN LOGIN'],
    script,
    commands,
    messages,
    connections: () => connections,
    announce(line) {
      for (const socket of sockets) socket.write(`${line}\r\n`)
    },
    hangUp() {
      for (const socket of sockets) socket.destroy()
    },
  }
  return scripted

  function serve(socket: Socket, connection: number): void {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    let text: Buffer = Buffer.alloc(0)
    const state = {frozen: false}
    /** What the next line is, where it is no command. */
    let expects: 'command' | 'PLAIN' | 'user' | 'password' | 'content' = 'command'
    let user = ''
    const handle = (name: string, args = '', content: Buffer = Buffer.alloc(0)) => {
      const exchange: SmtpExchange = {
        name,
        args,
        connection,
        content,
        reply(...lines) {
          // Only the server's yes makes a message of what follows.
          if (name === 'DATA' && lines.some((line) => line.startsWith('354'))) expects = 'content'
          socket.write(lines.map((line) => `${line}\r\n`).join(''))
        },
        raw: (bytes) => void socket.write(bytes),
        hangUp: () => socket.destroySoon(),
        reset: () => socket.resetAndDestroy(),
        freeze: () => {
          state.frozen = true
          socket.pause()
        },
        usual: () => usual(exchange, scripted),
      }
      const handler = scripted.script[name]
      if (handler) handler(exchange)
      else exchange.usual()
    }

    const command = (line: string) => {
      commands.push(line)
      const [word = '', ...rest] = line.split(' ')
      const [name, args] = [word.toUpperCase(), rest.join(' ')]
      if (name !== 'AUTH') return handle(name, args)
      const [mechanism = '', initial] = rest
      if (mechanism === 'PLAIN' && initial !== undefined) return handle('AUTH', `PLAIN ${decode(initial)}`)
      if (mechanism === 'LOGIN') expects = 'user'
      else expects = 'PLAIN'
      socket.write(mechanism === 'LOGIN' ? '334 VXNlcm5hbWU6\r\n' : '334 \r\n')
    }

    /** Takes one line, or the whole message, off what came; false where it is not all there yet. */
    const step = (): boolean => {
      if (expects === 'content') {
        // The line break before the final dot is the message's own (RFC 5321 4.1.1.4); an empty one has that of DATA.
        const end = Buffer.concat([Buffer.from('\r\n'), text]).indexOf(END)
        if (end === -1) {
          if (text.length > 0) handle('content', '', text)
          return false
        }
        const content = text.subarray(0, end)
        text = text.subarray(end + '.\r\n'.length)
        expects = 'command'
        messages.push(Buffer.from(content))
        handle('message', '', Buffer.from(content))
        return true
      }
      const end = text.indexOf('\r\n')
      if (end === -1) return false
      const line = text.subarray(0, end).toString()
      text = text.subarray(end + 2)
      if (expects === 'command') command(line)
      else if (expects === 'user') {
        user = decode(line)
        expects = 'password'
        socket.write('334 UGFzc3dvcmQ6\r\n')
      } else {
        const given = expects === 'PLAIN' ? `PLAIN ${decode(line)}` : `LOGIN \0${user}\0${decode(line)}`
        expects = 'command'
        handle('AUTH', given)
      }
      return true
    }

    socket.on('data', (data) => {
      text = Buffer.concat([text, data])
      while (!state.frozen && !socket.destroyed && step());
    })
    handle('greeting')
  }
}

const decode = (base64: string) => Buffer.from(base64, 'base64').toString()

function usual({name, reply, hangUp}: SmtpExchange, {capabilities}: ScriptedSmtp): void {
  switch (name) {
    case 'greeting':
      return reply('220 scripted.example ESMTP')
    case 'EHLO': {
      const lines = ['scripted.example', ...capabilities]
      return reply(...lines.map((line, at) => `250${at === lines.length - 1 ? ' ' : '-'}${line}`))
    }
    case 'AUTH':
      return reply('235 2.7.0 Authentication successful')
    case 'DATA':
      return reply('354 End data with <CR><LF>.<CR><LF>')
    case 'message':
      return reply('250 2.0.0 Ok: queued as 1')
    case 'content':
      return
    case 'QUIT':
      reply('221 2.0.0 Bye')
      return hangUp()
    case 'HELO':
    case 'MAIL':
    case 'RCPT':
    case 'RSET':
    case 'NOOP':
      return reply('250 2.1.0 Ok')
    default:
      return reply('502 5.5.2 Error: command not recognized')
  }
}
