/**
 * An IMAP server in this process that behaves well until a test replaces the handler of a command. It knows one
 * mailbox and as much of RFC 3501 as a source of mail uses.
 */
import {createServer, type Socket} from 'node:net'
import type {TestContext} from 'node:test'

export interface ScriptedMessage {
  readonly uid: number
  readonly bytes: Buffer
  /** What RFC822.SIZE claims; the truth where it is left out. */
  readonly size?: number
  readonly receivedAt?: Date
  /** EMAILID, where the server announces OBJECTID. */
  readonly emailId?: string
  flags?: string[]
}

export interface ScriptedState {
  messages: ScriptedMessage[]
  /** Null sends none. */
  uidValidity: number | null
  /** Null sends none; undefined is one above the highest UID. */
  uidNext: number | null | undefined
  capabilities: string
  password: string
}

/** One command of a client, and the means to answer it. */
export interface Exchange {
  readonly tag: string
  /** In capitals, with `UID` in front where it is one of those: `UID FETCH`. */
  readonly name: string
  readonly args: string
  /** Sends one line. */
  readonly line: (text: string) => void
  /** Sends bytes as they are. */
  raw(bytes: string | Buffer): void
  /** `tag OK text`. */
  readonly ok: (text?: string) => void
  readonly no: (text: string) => void
  readonly bad: (text: string) => void
  /** Ends the connection at once. */
  readonly hangUp: () => void
  /** What the server would have done without the script. */
  usual(): void
  /** The messages of the UID set that the command begins with. */
  asked(): ScriptedMessage[]
  /** The FETCH row of a message as this command asks for it. */
  row(message: ScriptedMessage): Buffer
}

export type Handler = (exchange: Exchange) => void

export interface ScriptedImap {
  readonly port: number
  readonly state: ScriptedState
  /** By command name; the last one set holds. `greeting` is asked for the greeting. */
  readonly script: Map<string, Handler>
  /** Commands in order, without tags. */
  readonly commands: string[]
  connections(): number
  /** Sends a line on every open connection. */
  announce(text: string): void
}

/** Starts a server with these messages; it ends with the test. */
export async function startScriptedImap(t: TestContext, messages: readonly ScriptedMessage[]): Promise<ScriptedImap> {
  const state: ScriptedState = {
    messages: [...messages],
    uidValidity: 7,
    uidNext: undefined,
    capabilities: 'IMAP4rev1 UIDPLUS MOVE IDLE AUTH=PLAIN',
    password: 'correct horse battery',
  }
  const script = new Map<string, Handler>()
  const commands: string[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    const greet = exchangeOf(socket, '*', 'greeting', '')
    ;(script.get('greeting') ?? ((exchange: Exchange) => exchange.usual()))(greet)
    let text = ''
    let authenticating: string | null = null
    let idling: string | null = null
    socket.on('data', (data) => {
      text += data.toString('latin1')
      for (let end = text.indexOf('\r\n'); end !== -1; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end)
        text = text.slice(end + 2)
        if (authenticating !== null) {
          const exchange = exchangeOf(socket, authenticating, 'LOGIN', Buffer.from(line, 'base64').toString())
          authenticating = null
          const handler = script.get('LOGIN')
          if (handler) handler(exchange)
          else exchange.usual()
        } else if (idling !== null && line === 'DONE') {
          socket.write(`${idling} OK done\r\n`)
          idling = null
        } else {
          const [tag = '', word = '', ...rest] = line.split(' ')
          const uid = word.toUpperCase() === 'UID'
          const name = uid ? `UID ${rest.shift()!.toUpperCase()}` : word.toUpperCase()
          commands.push([name, ...rest].join(' '))
          if (name === 'AUTHENTICATE') authenticating = tag
          if (name === 'IDLE') idling = tag
          const exchange = exchangeOf(socket, tag, name, rest.join(' '))
          const handler = script.get(name)
          if (handler) handler(exchange)
          else exchange.usual()
        }
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    state,
    script,
    commands,
    connections: () => connections,
    announce(line) {
      for (const socket of sockets) socket.write(`${line}\r\n`)
    },
  }

  function exchangeOf(socket: Socket, tag: string, name: string, args: string): Exchange {
    const line = (content: string) => void socket.write(`${content}\r\n`)
    const exchange: Exchange = {
      tag,
      name,
      args,
      line,
      raw: (bytes) => void socket.write(bytes),
      ok: (content = 'done') => line(`${tag} OK ${content}`),
      no: (content) => line(`${tag} NO ${content}`),
      bad: (content) => line(`${tag} BAD ${content}`),
      hangUp: () => socket.destroy(),
      usual: () => usual(exchange, state),
      asked: () => askedBy(args, state.messages),
      row: (message) => rowOf(message, args, state),
    }
    return exchange
  }
}

function usual(exchange: Exchange, state: ScriptedState): void {
  const {name, args, line, ok, no} = exchange
  const uidNext = state.uidNext === undefined ? Math.max(0, ...state.messages.map(({uid}) => uid)) + 1 : state.uidNext
  switch (name) {
    case 'greeting':
      return line(`* OK [CAPABILITY ${state.capabilities}] ready`)
    case 'CAPABILITY':
      line(`* CAPABILITY ${state.capabilities}`)
      return ok()
    case 'AUTHENTICATE':
      return line('+ ')
    case 'LOGIN':
      if (args.endsWith(`\0${state.password}`)) return ok(`[CAPABILITY ${state.capabilities}] welcome`)
      return no('[AUTHENTICATIONFAILED] Authentication failed.')
    case 'NAMESPACE':
      line('* NAMESPACE (("" "/")) NIL NIL')
      return ok()
    case 'LIST':
    case 'LSUB':
      line(`* ${name} () "/" INBOX`)
      return ok()
    case 'STATUS': {
      const items = [
        ...(uidNext === null ? [] : [`UIDNEXT ${uidNext}`]),
        ...(state.uidValidity === null ? [] : [`UIDVALIDITY ${state.uidValidity}`]),
      ]
      line(`* STATUS INBOX (${items.join(' ')})`)
      return ok()
    }
    case 'SELECT':
    case 'EXAMINE':
      line(`* ${state.messages.length} EXISTS`)
      line('* FLAGS (\\Seen \\Deleted)')
      line('* OK [PERMANENTFLAGS (\\Seen \\Deleted)] ok')
      if (state.uidValidity !== null) line(`* OK [UIDVALIDITY ${state.uidValidity}] ok`)
      if (uidNext !== null) line(`* OK [UIDNEXT ${uidNext}] ok`)
      return ok(name === 'SELECT' ? '[READ-WRITE] open' : '[READ-ONLY] open')
    case 'UID SEARCH': {
      const set = /UID (\S+)/.exec(args)?.[1] ?? '1:*'
      line(
        `* SEARCH ${askedBy(set, state.messages)
          .map(({uid}) => uid)
          .join(' ')}`.trim(),
      )
      return ok()
    }
    case 'UID FETCH':
      for (const message of exchange.asked()) exchange.raw(exchange.row(message))
      return ok()
    case 'UID STORE':
      for (const message of exchange.asked()) message.flags = ['\\Seen']
      return ok()
    case 'UID MOVE': {
      const asked = exchange.asked()
      state.messages = state.messages.filter((message) => !asked.includes(message))
      return ok()
    }
    case 'IDLE':
      return line('+ idling')
    default:
      return ok()
  }
}

/** As a server does it, `n:*` gives the last message also where its UID is below n (RFC 3501 6.4.8). */
function askedBy(args: string, messages: readonly ScriptedMessage[]): ScriptedMessage[] {
  const last = Math.max(...messages.map(({uid}) => uid))
  const ranges = args
    .split(' ', 1)[0]!
    .split(',')
    .map((part) => {
      const [from = 0, to = from] = part.split(':').map((end) => (end === '*' ? last : Number(end)))
      return [Math.min(from, to), Math.max(from, to)] as const
    })
  return messages.filter(({uid}) => ranges.some(([from, to]) => uid >= from && uid <= to))
}

/** One FETCH row; it holds what `args` ask for. */
function rowOf(message: ScriptedMessage, args: string, state: ScriptedState): Buffer {
  const {uid, bytes, size = bytes.length, receivedAt = new Date('2026-03-02T09:30:00Z'), emailId} = message
  const items: (string | Buffer)[] = [`UID ${uid}`]
  if (args.includes('RFC822.SIZE')) items.push(` RFC822.SIZE ${size}`)
  if (args.includes('INTERNALDATE')) items.push(` INTERNALDATE "${internalDate(receivedAt)}"`)
  if (args.includes('EMAILID') && emailId !== undefined) items.push(` EMAILID (${emailId})`)
  if (args.includes('HEADER.FIELDS')) {
    const header = Buffer.from(`${/^Message-ID: .*$/m.exec(bytes.toString('latin1'))?.[0].trim() ?? ''}\r\n\r\n`)
    items.push(` BODY[HEADER.FIELDS (message-id date from)] {${header.length}}\r\n`, header)
  }
  const partial = /BODY\.PEEK\[\](?:<(\d+)\.(\d+)>)?/.exec(args)
  if (partial) {
    const from = Number(partial[1] ?? 0)
    const part = partial[2] === undefined ? bytes : bytes.subarray(from, from + Number(partial[2]))
    items.push(` BODY[]${partial[1] === undefined ? '' : `<${from}>`} {${part.length}}\r\n`, part)
  }
  const sequence = state.messages.indexOf(message) + 1
  return Buffer.concat([`* ${sequence} FETCH (`, ...items, ')\r\n'].map((part) => Buffer.from(part)))
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function internalDate(date: Date): string {
  const [time] = date.toISOString().slice(11).split('.')
  return `${String(date.getUTCDate()).padStart(2, '0')}-${MONTHS[date.getUTCMonth()]}-${date.getUTCFullYear()} ${time} +0000`
}
