/** A DNS server on loopback that answers, or misbehaves, as a test says (RFC 1035 4). */
import {createSocket, type Socket as DatagramSocket} from 'node:dgram'
import {once} from 'node:events'
import {createServer, type AddressInfo, type Server, type Socket} from 'node:net'
import type {TestContext} from 'node:test'
import type {ResolverAddress} from '../../src/lib/dns/resolver.ts'

/** What becomes of a question for a name: its records, or none of that type. */
export type Script =
  | {
      /** Strings are records, an inner list the pieces of one record. */
      readonly txt?: readonly (string | readonly string[])[]
      readonly a?: readonly string[]
      /** In eight groups, none left out. */
      readonly aaaa?: readonly string[]
      /** `10 mx.acme.test`; `0 .` for none. */
      readonly mx?: readonly string[]
      /** `priority weight port target`. */
      readonly srv?: readonly string[]
      readonly ptr?: readonly string[]
      /** `usage selector match`, and the data in hexadecimal. */
      readonly tlsa?: readonly string[]
      /** An alias: whatever is asked for is answered with this and, as a resolver does, with what is at its end. */
      readonly cname?: string
      /** Over UDP, only that it is too long. */
      readonly truncated?: boolean
    }
  | 'nxdomain'
  | 'no-data'
  | 'servfail'
  | 'silence'
  | {readonly delayMs: number; readonly answer: Script}

export interface DnsServer {
  readonly address: ResolverAddress
  /** By name in lower case. A name that is not there is NXDOMAIN. */
  readonly zone: Map<string, Script>
  /** Every question that came, as `TYPE name`, those over TCP as `tcp TYPE name`. */
  readonly questions: string[]
}

const TYPES: Readonly<Record<number, string>> = {
  1: 'A',
  5: 'CNAME',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  52: 'TLSA',
}
const CNAME = 5
const RCODES = {ok: 0, servfail: 2, nxdomain: 3}
const TRUNCATED = 0x0200

/** Starts one; it ends with the test. */
export async function startDns(t: TestContext, zone: Readonly<Record<string, Script>> = {}): Promise<DnsServer> {
  const scripts = new Map(Object.entries(zone))
  const questions: string[] = []
  const answer = (message: Buffer, overTcp: boolean, send: (reply: Buffer) => void) => {
    const {name, type} = readQuestion(message)
    questions.push(`${overTcp ? 'tcp ' : ''}${TYPES[type] ?? type} ${name}`)
    respond({message, name, type, overTcp, send, zone: scripts}, scripts.get(name) ?? 'nxdomain')
  }

  const sockets = new Set<Socket>()
  const tcp = createServer((socket) => {
    sockets.add(socket)
    let received = Buffer.alloc(0)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.on('data', (data) => {
      received = Buffer.concat([received, data])
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) {
        const message = received.subarray(2, 2 + received.readUInt16BE())
        received = received.subarray(2 + message.length)
        answer(message, true, (reply) => {
          const length = Buffer.alloc(2)
          length.writeUInt16BE(reply.length)
          socket.write(Buffer.concat([length, reply]))
        })
      }
    })
  })
  // Before anything listens: what is left open keeps the process of the tests from ending.
  let udp: DatagramSocket | undefined
  t.after(() => {
    udp?.close()
    for (const socket of sockets) socket.destroy()
    tcp.close()
  })
  udp = await listenOnBoth(tcp)
  const open = udp
  udp.on('message', (message, from) => answer(message, false, (reply) => open.send(reply, from.port, from.address)))
  const {port} = tcp.address() as AddressInfo
  return {address: {host: '127.0.0.1', port}, zone: scripts, questions}
}

/** Ports that are tried: one that is free for TCP may be taken for UDP, by a question to another server. */
const TRIES = 20

/** Has the server listen, and gives a socket for UDP at the same port. */
async function listenOnBoth(tcp: Server): Promise<DatagramSocket> {
  for (let tries = 1; ; tries++) {
    tcp.listen(0, '127.0.0.1')
    await once(tcp, 'listening')
    const udp = createSocket('udp4')
    try {
      udp.bind((tcp.address() as AddressInfo).port, '127.0.0.1')
      await once(udp, 'listening')
      return udp
    } catch (error) {
      udp.close()
      await new Promise((resolve) => tcp.close(resolve))
      if (tries === TRIES) throw error
    }
  }
}

function readQuestion(message: Buffer): {readonly name: string; readonly type: number; readonly end: number} {
  const labels: string[] = []
  let at = 12
  for (let length = message[at]!; length > 0; length = message[at]!) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  return {name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5}
}

/** A question that came, and the way to answer it. */
interface Question {
  readonly message: Buffer
  readonly name: string
  readonly type: number
  readonly overTcp: boolean
  readonly send: (reply: Buffer) => void
  readonly zone: ReadonlyMap<string, Script>
}

/** `aliases`: the records that lead to the name whose script this is. */
function respond(question: Question, script: Script, aliases: readonly Buffer[] = []): void {
  const {message, type, overTcp, send, zone} = question
  if (script === 'silence') return
  // RFC 6604 3: the code is that of the end of the chain.
  if (script === 'servfail' || script === 'nxdomain') return send(reply(message, RCODES[script], aliases))
  if (script === 'no-data') return send(reply(message, RCODES.ok, aliases))
  if ('delayMs' in script) {
    setTimeout(() => respond(question, script.answer, aliases), script.delayMs).unref()
    return
  }
  if (script.truncated && !overTcp) return send(reply(message, RCODES.ok, [], TRUNCATED))
  if (script.cname !== undefined) {
    const alias = record(question.name, CNAME, nameData(script.cname))
    if (type === CNAME) return send(reply(message, RCODES.ok, [...aliases, alias]))
    return respond({...question, name: script.cname}, zone.get(script.cname) ?? 'nxdomain', [...aliases, alias])
  }
  const data = dataOf(TYPES[type] ?? '', script)
  send(reply(message, RCODES.ok, [...aliases, ...data.map((piece) => record(question.name, type, piece))]))
}

function reply(message: Buffer, rcode: number, records: readonly Buffer[], flags = 0): Buffer {
  const question = message.subarray(12, readQuestion(message).end)
  const head = Buffer.alloc(12)
  message.copy(head, 0, 0, 2)
  // A response of an authority that is no resolver of others but is asked as one: QR, AA, RD, RA.
  head.writeUInt16BE(0x8580 | flags | rcode, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(records.length, 6)
  return Buffer.concat([head, question, ...records])
}

/** The data of each record of a type. */
function dataOf(type: string, script: Exclude<Script, string | {readonly delayMs: number}>): Buffer[] {
  switch (type) {
    case 'TXT':
      return (script.txt ?? []).map((strings) => textData([strings].flat()))
    case 'A':
      return (script.a ?? []).map((address) => Buffer.from(address.split('.').map(Number)))
    case 'AAAA':
      return (script.aaaa ?? []).map((address) => numbers(...address.split(':').map((group) => parseInt(group, 16))))
    case 'MX':
      return (script.mx ?? []).map((line) => fieldsAndName(line.split(' ')))
    case 'SRV':
      return (script.srv ?? []).map((line) => fieldsAndName(line.split(' ')))
    case 'PTR':
      return (script.ptr ?? []).map(nameData)
    case 'TLSA':
      return (script.tlsa ?? []).map(tlsaData)
    default:
      return []
  }
}

function record(name: string, type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(10)
  head.writeUInt16BE(type, 0)
  head.writeUInt16BE(1, 2)
  head.writeUInt32BE(300, 4)
  head.writeUInt16BE(data.length, 8)
  return Buffer.concat([nameData(name), head, data])
}

/** Strings of more than 255 bytes are cut into as many as are needed (RFC 1035 3.3.14). */
function textData(strings: readonly string[]): Buffer {
  const pieces = strings.flatMap((text) => text.match(/.{1,255}/gs) ?? [''])
  return Buffer.concat(pieces.map((text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')])))
}

/** Numbers, and a name at the end: MX (RFC 1035 3.3.9), SRV (RFC 2782). */
function fieldsAndName(words: readonly string[]): Buffer {
  return Buffer.concat([numbers(...words.slice(0, -1).map(Number)), nameData(words.at(-1)!)])
}

function nameData(name: string): Buffer {
  const labels = name.split('.').filter(Boolean)
  const data = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]))
  return Buffer.concat([...data, Buffer.from([0])])
}

/** RFC 6698 2.1. */
function tlsaData(line: string): Buffer {
  const words = line.split(' ')
  return Buffer.concat([Buffer.from(words.slice(0, 3).map(Number)), Buffer.from(words[3]!, 'hex')])
}

const numbers = (...values: readonly number[]): Buffer => {
  const data = Buffer.alloc(2 * values.length)
  values.forEach((value, index) => data.writeUInt16BE(value, 2 * index))
  return data
}
