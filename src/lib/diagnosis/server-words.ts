/** What a server says to a stage, and a wire that breaks, as errors of the catalogue without anything secret. */
import {blocked, failed, type Finding} from '../channel/stage.ts'
import {partsOfReply, type ReplyStep} from '../connection/explain-reply.ts'
import {notUnderstood, sessionLost} from '../connection/session-errors.ts'
import type {ErrorParts} from '../errors.ts'
import type {Conversation} from './conversation.ts'
import {NotUnderstood} from './not-understood.ts'
import {WireError} from './wire.ts'

/** What a refusal means: the whole reply, of IMAP without its tag. */
export function refusal(conversation: Conversation, reply: string, step: ReplyStep): ErrorParts {
  const {protocol, host, provider, user} = conversation.subject
  return saidBy(conversation, partsOfReply(reply, {protocol, step, host, provider, user}), reply)
}

/** So much of what came is quoted: enough to recognise a web server, or a line of noise. */
const QUOTED = 500

/** The beginning of what a server said, as it may be shown. It is cut last: half a password would not be known for one. */
export const quote = (conversation: Conversation, text: string): string => conversation.shown(text).slice(0, QUOTED)

/** An error with the words of the server that it is about; the password is blanked out in all of it. */
export function saidBy(conversation: Conversation, parts: ErrorParts, reply: string): ErrorParts {
  const shown = (text: string) => conversation.shown(text)
  const {title, why, fixes = [], causes} = parts
  return {
    ...parts,
    title: shown(title),
    why: shown(why),
    fixes: fixes.map(({text, command}) => ({
      text: shown(text),
      ...(command === undefined ? {} : {command: shown(command)}),
    })),
    ...(causes === undefined ? {} : {causes: causes.map(shown)}),
    serverReply: shown(reply),
  }
}

/**
 * Looks at something over the wire. Where that breaks, or makes no sense, the finding is that, and the connection is of no
 * more use. `doing` is for people: `logging in`. @throws the signal's reason.
 */
export async function overWire(
  conversation: Conversation,
  signal: AbortSignal,
  doing: string,
  look: () => Promise<Finding>,
): Promise<Finding> {
  if (conversation.wire === null) return blocked('there is no connection any more')
  try {
    return await look()
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof WireError)) throw error
    conversation.close()
    return failed(broken(conversation, error, doing))
  }
}

/** What it means that a wire broke, or that what came over it made no sense. */
function broken(conversation: Conversation, error: WireError, doing: string): ErrorParts {
  const {subject, protocol} = conversation
  const why = `${doing}: ${error.message}`
  if (error instanceof NotUnderstood)
    return saidBy(conversation, notUnderstood(subject.host, why, protocol), quote(conversation, error.received))
  if (error.code === 'LINE_TOO_LONG') return notUnderstood(subject.host, why, protocol)
  const lost = sessionLost(subject, protocol, why)
  return error.code === 'REPLY_TIMEOUT'
    ? {...lost, code: `${protocol.name}_STALLED`, title: `${subject.host} stopped answering`}
    : lost
}
