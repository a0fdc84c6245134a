/** The stage `greeting`: the first words of the server. */
import {blocked, failed, passed, warned, type Evidence, type Finding} from '../channel/stage.ts'
import {partsOfReply} from '../connection/explain-reply.ts'
import {connectError} from '../connection/transport-errors.ts'
import {EXIT, type ErrorParts} from '../errors.ts'
import type {Conversation} from './conversation.ts'
import {NotUnderstood} from './not-understood.ts'
import {WireError} from './wire.ts'

/** Servers that keep strangers waiting on purpose do so longer; a name server that is slow takes as long. */
const SLOW_MS = 5_000

/** Notes the greeting with the conversation. */
export async function takeGreeting(conversation: Conversation): Promise<Finding> {
  const {subject, tlsFailure} = conversation
  if (tlsFailure !== null) return blocked('TLS does not come to stand, and the server greets only then')
  if (conversation.wire === null) return blocked('there is no connection')
  const began = performance.now()
  try {
    const {text, refused} =
      subject.protocol === 'imap' ? await greetingOfImap(conversation) : await ofSmtp(conversation)
    const ms = Math.round(performance.now() - began)
    conversation.greeting = text
    const evidence: Evidence = {greeting: text, ms}
    if (refused) {
      const {host, provider, user, protocol} = subject
      conversation.close()
      return failed(
        {...partsOfReply(text, {protocol, step: 'greeting', host, provider, user}), serverReply: text},
        evidence,
      )
    }
    // Cisco's "SMTP fixup" overwrites the greeting, and what it does not know, such as STARTTLS.
    if (/^220[ -][*20 ]*\*{4}/.test(text)) return warned(rewritten(conversation), evidence)
    if (ms > SLOW_MS) return warned(slow(conversation, ms), evidence)
    return passed(`it greets: ${text.split('\n')[0]}`, evidence)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    const received = error instanceof NotUnderstood ? error.received : null
    conversation.close()
    return failed(noGreeting(error, conversation), {error: error.code, ...(received === null ? {} : {received})})
  }
}

interface Greeting {
  readonly text: string
  readonly refused: boolean
}

async function ofSmtp(conversation: Conversation): Promise<Greeting> {
  const {code, text} = await conversation.smtp().reply()
  return {text, refused: code !== 220}
}

async function greetingOfImap(conversation: Conversation): Promise<Greeting> {
  const {status, text} = await conversation.imap().greeting()
  return {text: `${status} ${text}`, refused: status !== 'OK' && status !== 'PREAUTH'}
}

function noGreeting(error: WireError, {subject, protocol}: Conversation): ErrorParts {
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return connectError(error, subject, protocol)
  return {
    code: `${protocol.name}_GREETING`,
    exitCode: EXIT.protocol,
    title: `${subject.host}:${subject.port} does not greet as an ${protocol.name} server`,
    why: WHY[error.code] ?? error.message,
    fixes: [
      {
        text: `Check the port: ${protocol.tlsPort} is for --security tls, ${protocol.starttlsPort} for --security starttls.`,
      },
      {text: 'If the port is right, the server may block the address of this machine: try from another network.'},
    ],
  }
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
  fixes: [{text: 'Give this machine an address with a name (PTR), or raise --timeout where it takes longer still.'}],
  certainty: 'likely',
})

const rewritten = ({subject}: Conversation): ErrorParts => ({
  code: 'SMTP_REWRITTEN_ON_THE_WAY',
  exitCode: EXIT.tls,
  title: `Something on the way to ${subject.host} rewrites SMTP`,
  why: 'the greeting is made of asterisks, as the mail inspection of a firewall makes it; it hides STARTTLS, too',
  fixes: [
    {text: 'Switch the inspection off (Cisco ASA and PIX: no inspect esmtp), or use port 465 with --security tls.'},
    {text: 'Or try from another network.'},
  ],
})
