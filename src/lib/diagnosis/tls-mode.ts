/** The stage `tls-mode`: whether the port speaks as configured. It is known, because the first bytes are looked at. */
import {failed, passed, type Finding} from '../channel/stage.ts'
import {wrongMode} from '../connection/transport-errors.ts'
import {EXIT, type ErrorParts} from '../errors.ts'
import type {Conversation} from './conversation.ts'
import type {OpenWire} from './open-wire.ts'
import {WireError} from './wire.ts'

/** A server that speaks first does so within a round trip; who is silent that long may wait for TLS. */
const SILENCE_MS = 2_000
/** A handshake takes two round trips. */
const HANDSHAKE_MS = 5_000

/** Goes on in the mode that works where that is another one. */
export async function findTlsMode(conversation: Conversation, signal: AbortSignal): Promise<Finding> {
  return conversation.security === 'tls' ? expectTls(conversation, signal) : expectPlain(conversation, signal)
}

async function expectTls(conversation: Conversation, signal: AbortSignal): Promise<Finding> {
  const {wire} = conversation
  if (wire === null) throw new WireError('CLOSED', 'there is no connection')
  if (await conversation.secure(wire)) return passed('the port speaks TLS from the first byte', {seen: 'tls'})
  const code = conversation.tlsFailure?.code ?? ''
  conversation.close()
  // Only who speaks TLS says what of it he does not like.
  if (/ALERT|UNSUPPORTED_PROTOCOL/.test(code)) return passed('the port speaks TLS from the first byte', {seen: code})
  const plain = await spokenInClear(conversation, wire.address, signal)
  // What kept TLS from standing is told by the stage `tls`.
  if (plain === null) return passed('the port does not speak in clear', {seen: code})
  const first = firstLine(plain)
  const foreign = foreignService(first, conversation)
  if (foreign !== null) {
    plain.close()
    conversation.tlsFailure = null
    return failed(foreign, {configured: 'tls', seen: first})
  }
  return correct(conversation, plain, {to: 'starttls', seen: first})
}

async function expectPlain(conversation: Conversation, signal: AbortSignal): Promise<Finding> {
  const {wire, subject} = conversation
  if (wire === null) throw new WireError('CLOSED', 'there is no connection')
  if (await wire.comes(SILENCE_MS)) {
    const first = firstLine(wire)
    const foreign = foreignService(first, conversation)
    if (foreign === null) return passed('the port begins in clear', {seen: first})
    conversation.close()
    return failed(foreign, {configured: subject.security, seen: first})
  }
  const secured = await takesTls(conversation, wire.address, signal)
  if (secured === null)
    return passed(`the port takes no TLS, and has said nothing for ${SILENCE_MS / 1000} s`, {seen: 'nothing'})
  return correct(conversation, secured, {to: 'tls', seen: 'silence until TLS was begun'})
}

/** The rest of the ladder tells of the mode that works. */
function correct(
  conversation: Conversation,
  wire: OpenWire,
  {to, seen}: {readonly to: 'tls' | 'starttls'; readonly seen: string},
): Finding {
  const {subject, protocol} = conversation
  conversation.use(wire)
  conversation.security = to
  conversation.corrected = true
  conversation.note(`goes on with security ${to}`)
  if (to === 'starttls') conversation.tlsFailure = null
  return {
    ...failed(wrongMode(subject, to, protocol), {
      configured: subject.security,
      seen,
      corrected: {security: to, worked: true},
    }),
  }
}

/** A second connection on which the server speaks first; null where it does not. */
async function spokenInClear(
  conversation: Conversation,
  address: string,
  signal: AbortSignal,
): Promise<OpenWire | null> {
  const wire = await connectOrNull(conversation, address, signal)
  if (wire === null) return null
  if ((await wire.comes(SILENCE_MS)) && wire.pending() > 0) return wire
  wire.close()
  return null
}

/** A second connection on which a handshake succeeds; null where it does not. */
async function takesTls(conversation: Conversation, address: string, signal: AbortSignal): Promise<OpenWire | null> {
  const wire = await connectOrNull(conversation, address, AbortSignal.any([signal]))
  if (wire === null) return null
  const timer = setTimeout(() => wire.close(), HANDSHAKE_MS)
  const stands = await conversation.secure(wire)
  clearTimeout(timer)
  if (stands) return wire
  conversation.tlsFailure = null
  wire.close()
  return null
}

async function connectOrNull(
  conversation: Conversation,
  address: string,
  signal: AbortSignal,
): Promise<OpenWire | null> {
  try {
    return await conversation.connect(address, signal)
  } catch (error) {
    if (error instanceof WireError) return null
    throw error
  }
}

/** So much of the first line is shown. */
const SHOWN = 200
const firstLine = (wire: OpenWire) => wire.peek().toString().split(/\r?\n/, 1)[0]!.slice(0, SHOWN)

/** Who speaks first, and is no server of this protocol. */
const SERVICES: readonly {readonly says: RegExp; readonly name: string; readonly ports: string}[] = [
  {says: /^\* (OK|PREAUTH|BYE)\b/, name: 'IMAP', ports: '143 and 993 are for IMAP'},
  {says: /^\+OK\b/, name: 'POP3', ports: '110 and 995 are for POP3'},
  {says: /^SSH-/, name: 'SSH', ports: '22 is for SSH'},
  {says: /^(HTTP\/|<!doctype|<html)/i, name: 'web', ports: '80 and 443 are for the web'},
  {says: /^220[ -].*\bFTP\b/i, name: 'FTP', ports: '21 is for FTP'},
  {says: /^[245]\d\d[ -]/, name: 'SMTP', ports: '25, 465 and 587 are for SMTP'},
]

function foreignService(line: string, {subject, protocol}: Conversation): ErrorParts | null {
  const service = SERVICES.find(({says}) => says.test(line))
  if (service === undefined || service.name === protocol.name) return null
  return {
    code: 'OTHER_SERVICE',
    exitCode: EXIT.protocol,
    title: `${subject.host}:${subject.port} is ${/^[AEIOU]/.test(service.name) ? 'an' : 'a'} ${service.name} server`,
    why: `its first words are those of ${service.name}, and ${protocol.name} was expected`,
    fixes: [
      {
        text: `Check the port: ${protocol.tlsPort} and ${protocol.starttlsPort} are for ${protocol.name}, ${service.ports}.`,
      },
    ],
  }
}
