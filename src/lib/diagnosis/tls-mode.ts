/** The stage `tls-mode`: whether the port speaks as configured. It is known, because the first bytes are looked at. */
import {blocked, failed, passed, type Finding} from '../channel/stage.ts'
import {wrongMode} from '../connection/transport-errors.ts'
import type {ErrorParts} from '../errors.ts'
import {type Conversation, demandOf} from './conversation.ts'
import {foreignService} from './foreign-service.ts'
import type {OpenWire} from './open-wire.ts'
import {quote} from './server-words.ts'
import type {TlsEvidence} from './tls-evidence.ts'
import {WireError} from './wire.ts'

/** A server that speaks first does so within a round trip; who is silent that long may wait for TLS. */
const SILENCE_MS = 2000
/** A handshake takes two round trips. */
const HANDSHAKE_MS = 5000

/** Goes on in the mode that works where that is another one. */
export async function findTlsMode(conversation: Conversation, signal: AbortSignal): Promise<Finding> {
  const {wire, subject} = conversation
  if (wire === null) return blocked(conversation.noWire)
  return subject.security === 'tls' ? expectTls(conversation, wire, signal) : expectClear(conversation, wire, signal)
}

/** Only who speaks TLS says what of it he does not like, or proposes a version of it. */
const SPEAKS_TLS = /ALERT|UNSUPPORTED_PROTOCOL|KEY_TOO_SMALL/
/** What was answered to the beginning of TLS is no TLS. */
const ANSWERS_IN_CLEAR = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/

async function expectTls(conversation: Conversation, wire: OpenWire, signal: AbortSignal): Promise<Finding> {
  const failure = await conversation.secure(wire)
  if (failure === null) return passed('the port speaks TLS from the first byte', {seen: 'tls'})
  const {code} = failure
  conversation.close('TLS does not come to stand')
  if (SPEAKS_TLS.test(code)) return passed('the port speaks TLS from the first byte', {seen: code})
  // What keeps TLS from standing is told by the stage `tls`; who says nothing through a whole handshake greets nobody.
  const clear =
    code === 'HANDSHAKE_TIMEOUT'
      ? null
      : await clearWords(conversation, wire.address, ANSWERS_IN_CLEAR.test(code), signal)
  if (clear === null) return passed('the port does not speak in clear', {seen: code})
  const foreign = foreignService(clear.line, conversation)
  if (foreign === null) return correct(conversation, clear.wire, 'starttls', clear.line)
  clear.wire.close()
  return isForeign(conversation, foreign, clear.line)
}

async function expectClear(conversation: Conversation, wire: OpenWire, signal: AbortSignal): Promise<Finding> {
  if (await wire.comes(SILENCE_MS)) return spokeFirst(conversation, wire)
  const probe = beginProbe(conversation, wire.address, signal)
  const spoke = wire.comes(HANDSHAKE_MS)
  const probed = await Promise.race([probe.result, spoke.then((came) => (came ? null : probe.result))])
  if (probed === null || wire.pending() > 0) {
    probe.giveUp()
    ;(await probe.result).wire?.close()
    return spokeFirst(conversation, wire)
  }
  if (probed.wire !== null) {
    conversation.tls = probed.tls
    const finding = correct(conversation, probed.wire, 'tls', 'silence until TLS was begun')
    if (!probed.tls.trusted) conversation.close('the certificate of the server is not trusted')
    return finding
  }
  const clear = ANSWERS_IN_CLEAR.test(probed.code) ? await clearWords(conversation, wire.address, true, signal) : null
  clear?.wire.close()
  const foreign = clear === null ? null : foreignService(clear.line, conversation)
  if (foreign !== null) return isForeign(conversation, foreign, clear?.line ?? '')
  return passed(`the port takes no TLS, and has said nothing for ${SILENCE_MS / 1000} s`, {seen: probed.code})
}

/** The connection may also have ended; that is told by the stage `greeting`. */
function spokeFirst(conversation: Conversation, wire: OpenWire): Finding {
  const line = firstLine(wire)
  if (line === '') return passed('the port was closed before a word', {seen: 'nothing'})
  const foreign = foreignService(line, conversation)
  return foreign === null
    ? passed('the port begins in clear', {seen: quote(conversation, line)})
    : isForeign(conversation, foreign, line)
}

function isForeign(conversation: Conversation, foreign: ErrorParts, seen: string): Finding {
  conversation.close()
  conversation.noWire = 'another service listens on the port'
  conversation.tlsFailure = null
  return failed(foreign, {configured: conversation.subject.security, seen: quote(conversation, seen)})
}

/** The rest of the ladder tells of the mode that works. */
function correct(conversation: Conversation, wire: OpenWire, to: 'tls' | 'starttls', seen: string): Finding {
  const {subject, protocol} = conversation
  conversation.use(wire)
  conversation.security = to
  conversation.corrected = true
  conversation.tlsFailure = null
  conversation.note(`goes on with security ${to}`)
  return failed(wrongMode(subject, to, protocol), {
    configured: subject.security,
    seen: quote(conversation, seen),
    corrected: {security: to, worked: true},
  })
}

interface Clear {
  readonly wire: OpenWire
  readonly line: string
}

/**
 * What the server says in clear on a second connection; null where it says nothing. Who has answered TLS in clear also
 * answers a command, where it waits for one, as a web server does: both protocols have NOOP, and it does nothing.
 */
async function clearWords(
  conversation: Conversation,
  address: string,
  answers: boolean,
  signal: AbortSignal,
): Promise<Clear | null> {
  let wire: OpenWire | null = null
  conversation.note('a second connection, to see what it says in clear')
  try {
    wire = await conversation.connect(address, signal)
    if (!(await wire.comes(SILENCE_MS)) && answers) {
      await wire.writeLine(conversation.subject.protocol === 'imap' ? 'p0 NOOP' : 'NOOP')
      await wire.comes(SILENCE_MS)
    }
    if (wire.pending() > 0) return {wire, line: firstLine(wire)}
  } catch (error) {
    if (!(error instanceof WireError)) throw error
  }
  wire?.close()
  return null
}

type Probed =
  | {readonly wire: OpenWire; readonly tls: TlsEvidence}
  /** Why no TLS came to stand on it. */
  | {readonly wire: null; readonly code: string}

/** A handshake on a second connection. */
function beginProbe(conversation: Conversation, address: string, signal: AbortSignal) {
  const waiting = new AbortController()
  const timer = setTimeout(() => waiting.abort(), HANDSHAKE_MS)
  const giveUp = () => {
    clearTimeout(timer)
    waiting.abort()
  }
  const shakeHands = async (): Promise<Probed> => {
    conversation.note('a second connection, to see whether it takes TLS')
    try {
      const wire = await conversation.connect(address, AbortSignal.any([signal, waiting.signal]))
      return {wire, tls: await wire.startTls(demandOf(conversation.subject))}
    } catch (error) {
      signal.throwIfAborted()
      if (waiting.signal.aborted) return {wire: null, code: 'HANDSHAKE_TIMEOUT'}
      if (!(error instanceof WireError)) throw error
      return {wire: null, code: error.code}
    } finally {
      clearTimeout(timer)
    }
  }
  return {result: shakeHands(), giveUp}
}

const firstLine = (wire: OpenWire) => wire.peek().toString().split(/\r?\n/, 1)[0]!
