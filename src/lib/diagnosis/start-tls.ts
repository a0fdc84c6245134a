/** The stage `starttls`: STARTTLS is offered, and taken (RFC 3207 4, RFC 9051 6.2.1). */
import {blocked, failed, passed, skipped, type Evidence, type Finding} from '../channel/stage.ts'
import {handshakeError, noStartTls} from '../connection/transport-errors.ts'
import {providerOfHost} from '../discovery/providers.ts'
import {EXIT, type ErrorParts} from '../errors.ts'
import {askCapabilities, offers, shownOffer} from './capabilities.ts'
import type {Conversation} from './conversation.ts'
import {isMasked, isPreauthenticated} from './greet.ts'
import {overWire, quote, refusal} from './server-words.ts'
import {WireError} from './wire.ts'

/** Whether TLS then comes to stand is noted with the conversation, for the stage `tls`. */
export async function startTls(conversation: Conversation, signal: AbortSignal): Promise<Finding> {
  const {wire, security} = conversation
  if (security === 'tls') return skipped('TLS was begun with the first byte')
  if (security === 'none') return skipped('nothing is to be encrypted')
  if (wire === null) return blocked(conversation.noWire)
  return overWire(conversation, signal, 'agreeing on TLS', async () => {
    // Nothing more is said on a connection that stays in clear.
    const refused = (problem: ErrorParts, evidence: Evidence) => {
      conversation.close('TLS was not agreed on, and nothing is said in clear')
      return failed(problem, evidence)
    }
    if (isPreauthenticated(conversation.greeting)) return refused(preauthenticated(conversation), {})
    const asked = await askCapabilities(conversation)
    if (asked !== null) return refused(asked, {})
    const before = conversation.after ?? []
    conversation.before = before
    const evidence: Evidence = {offered: shownOffer(conversation, before)}
    if (!offers(before, 'STARTTLS')) return refused(notOffered(conversation), evidence)
    const no = await sayStartTls(conversation)
    if (no !== null) return refused(no, evidence)
    // What came before TLS would be taken for what came by it (RFC 3207 6).
    if (wire.pending() > 0)
      return refused(injected(conversation), {...evidence, injected: quote(conversation, wire.peek().toString())})
    conversation.after = null
    await conversation.secure(wire)
    return passed('STARTTLS is offered, and taken', evidence)
  })
}

function notOffered(conversation: Conversation): ErrorParts {
  const {subject, protocol, greeting} = conversation
  if (greeting !== null && isMasked(greeting)) return refusal(conversation, greeting, 'greeting')
  const parts = noStartTls(subject, protocol)
  const provider = providerOfHost(subject.host)
  // Who has it on a port has it on all that do not begin with TLS.
  const always = provider?.smtp.some(({security}) => security === 'starttls')
  return provider !== null && always === true
    ? {
        ...parts,
        code: 'TLS_STARTTLS_STRIPPED',
        title: `Somebody on the way to ${subject.host} takes STARTTLS out`,
        why: `${provider.name} offers it, and the offer did not arrive; no credentials were sent`,
      }
    : parts
}

async function sayStartTls(conversation: Conversation): Promise<ErrorParts | null> {
  if (conversation.subject.protocol === 'imap') {
    const {status, text} = await conversation.imap().command('STARTTLS')
    return status === 'OK' ? null : refusal(conversation, `${status} ${text}`, 'starttls')
  }
  const {code, text} = await conversation.smtp().command('STARTTLS')
  return code === 220 ? null : refusal(conversation, text, 'starttls')
}

const injected = ({subject, protocol}: Conversation): ErrorParts =>
  handshakeError(new WireError('STARTTLS_INJECTION', 'text came before TLS was begun'), subject, protocol)

const preauthenticated = ({subject, protocol}: Conversation): ErrorParts => ({
  code: 'TLS_PREAUTH',
  exitCode: EXIT.tls,
  title: `${subject.host}:${subject.port} cannot be encrypted`,
  why: 'it greets as if somebody were logged in already, and TLS cannot be begun after a login; somebody on the way may do that',
  fixes: [
    {text: `Use --security tls (port ${protocol.tlsPort}), where nobody can.`},
    {text: 'Else try from another network.'},
  ],
})
