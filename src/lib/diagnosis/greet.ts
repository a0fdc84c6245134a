/** The stage `greeting`: the first words of the server. */
import {blocked, failed, passed, warned, type Evidence, type Finding} from '../channel/stage.ts'
import {checkThePort} from '../connection/protocol.ts'
import {connectError, handshakeError} from '../connection/transport-errors.ts'
import {EXIT, type ErrorParts} from '../errors.ts'
import type {Conversation} from './conversation.ts'
import {foreignService} from './foreign-service.ts'
import {NotUnderstood} from './not-understood.ts'
import {quote, refusal, saidBy} from './server-words.ts'
import {WireError} from './wire.ts'

/** Servers that keep strangers waiting on purpose do so longer; a name server that is slow takes as long. */
const SLOW_MS = 5000

/** Notes the greeting with the conversation. */
export async function takeGreeting(conversation: Conversation): Promise<Finding> {
  const {wire, subject} = conversation
  if (wire === null) return blocked(conversation.noWire)
  try {
    const {text, refused} = await (subject.protocol === 'imap' ? ofImap(conversation) : ofSmtp(conversation))
    conversation.greeting = text
    const ms = wire.firstWordMs ?? 0
    const evidence: Evidence = {greeting: conversation.shown(text), ms}
    if (refused) {
      conversation.close()
      return failed(refusal(conversation, text, 'greeting'), evidence)
    }
    if (isMasked(text)) return warned(refusal(conversation, text, 'greeting'), evidence)
    if (ms > SLOW_MS) return warned(slow(conversation, ms), evidence)
    return passed(`it greets: ${conversation.shown(text).split('\n')[0]}`, evidence)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    conversation.close()
    const received = error instanceof NotUnderstood ? {received: quote(conversation, error.received)} : {}
    return failed(noGreeting(error, conversation), {error: error.code, ...received})
  }
}

/** Made of asterisks by a firewall that inspects SMTP, which takes STARTTLS out as well (Cisco's `mask-banner`). */
export const isMasked = (greeting: string | null) => greeting !== null && /^220[ -]\*{4}/.test(greeting)

/** The server takes the connection for logged in, and so cannot begin TLS any more (RFC 9051 7.1.4). */
export const isPreauthenticated = (greeting: string | null) => greeting !== null && /^PREAUTH\b/.test(greeting)

interface Greeting {
  readonly text: string
  readonly refused: boolean
}

async function ofSmtp(conversation: Conversation): Promise<Greeting> {
  const {code, text} = await conversation.smtp().reply()
  return {text, refused: code !== 220}
}

async function ofImap(conversation: Conversation): Promise<Greeting> {
  const {status, text} = await conversation.imap().greeting()
  return {text: `${status} ${text}`, refused: status !== 'OK' && status !== 'PREAUTH'}
}

function noGreeting(error: WireError, conversation: Conversation): ErrorParts {
  const {subject, protocol} = conversation
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return connectError(error, subject, protocol)
  // What a server says against a handshake may come after it stands here (RFC 8446 4.4.2.4).
  if (error.code.startsWith('ERR_SSL')) return handshakeError(error, subject, protocol)
  const received = error instanceof NotUnderstood ? error.received : null
  const foreign = received === null ? null : foreignService(received, conversation)
  if (foreign !== null) return foreign
  const parts: ErrorParts = {
    code: `${protocol.name}_GREETING`,
    exitCode: EXIT.protocol,
    title: `${subject.host}:${subject.port} does not greet as an ${protocol.name} server`,
    why: received === null ? (WHY[error.code] ?? error.message) : 'its first words are no greeting',
    fixes: [
      checkThePort(protocol),
      {text: 'If the port is right, the server may block the address of this machine: try from another network.'},
    ],
  }
  return received === null ? parts : saidBy(conversation, parts, quote(conversation, received))
}

const WHY: Readonly<Record<string, string>> = {
  REPLY_TIMEOUT: 'the connection stands, but no greeting came',
  CLOSED: 'the server closed the connection before it greeted',
}

const slow = ({subject}: Conversation, ms: number): ErrorParts => ({
  code: 'GREETING_SLOW',
  exitCode: EXIT.protocol,
  title: `${subject.host} took ${(ms / 1000).toFixed(1)} s to greet`,
  why: 'it keeps strangers waiting on purpose, or looks up the name of this machine in a DNS that gives no answer',
  fixes: [
    {text: 'Give the address of this machine a name in the DNS (PTR); raise --timeout where it takes longer still.'},
  ],
  certainty: 'likely',
})
