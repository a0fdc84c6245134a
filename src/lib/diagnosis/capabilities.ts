/** What a server offers: EHLO of SMTP (RFC 5321 4.1.1.1), CAPABILITY of IMAP (RFC 9051 6.1.1). */
import {blocked, failed, passed, type Finding} from '../channel/stage.ts'
import {partsOfReply} from '../connection/explain-reply.ts'
import {sessionLost} from '../connection/session-errors.ts'
import {EXIT, type ErrorParts} from '../errors.ts'
import {type Conversation, ehloName, isPrivate} from './conversation.ts'
import {WireError} from './wire.ts'

/** The stage `capabilities`. */
export async function lookAtCapabilities(conversation: Conversation): Promise<Finding> {
  const {wire, security} = conversation
  if (wire === null) return blocked('there is no connection')
  if (security !== 'none' && !isPrivate(conversation)) return blocked('the connection is not private')
  const problem = await readCapabilities(conversation)
  if (problem !== null) {
    conversation.close()
    return failed(problem)
  }
  const {before, after} = conversation
  const offered = after ?? []
  return passed(
    `it offers ${offered.length === 0 ? 'nothing' : offered.map((line) => line.split(' ')[0]).join(', ')}`,
    {
      ...(before === null ? {} : {before}),
      after: offered,
      ...(before === null
        ? {}
        : {
            only: {
              before: before.filter((line) => !offered.includes(line)),
              after: offered.filter((line) => !before.includes(line)),
            },
          }),
    },
  )
}

/** Whether the keyword is offered, whatever words follow it. */
export const offers = (capabilities: readonly string[] | null, keyword: string): boolean =>
  capabilities?.some((line) => line.split(' ')[0]?.toUpperCase() === keyword) ?? false

/** Asks, and notes the answer with the conversation; what is wrong where there is none. */
export async function readCapabilities(conversation: Conversation): Promise<ErrorParts | null> {
  try {
    return conversation.subject.protocol === 'imap' ? await askImap(conversation) : await askSmtp(conversation)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return sessionLost(conversation.subject, conversation.protocol, error.message)
  }
}

async function askSmtp(conversation: Conversation): Promise<ErrorParts | null> {
  const {subject} = conversation
  const name = ehloName(conversation)
  const {code, lines, text} = await conversation.smtp().command(`EHLO ${name}`)
  if (code === 250) {
    conversation.after = lines.slice(1).map((line) => line.trim())
    return null
  }
  const {host, provider, user} = subject
  if (code < 500)
    return {...partsOfReply(text, {protocol: 'smtp', step: 'ehlo', host, provider, user}), serverReply: text}
  return {
    code: 'SMTP_EHLO_REFUSED',
    exitCode: EXIT.protocol,
    title: `${host} refuses this machine's name`,
    why: `it did not accept EHLO ${name}: it refuses the name that this machine gives itself, or its address`,
    fixes: [{text: 'Give a full domain name of this machine: --ehlo-name mail.acme.example.'}],
    serverReply: text,
  }
}

async function askImap(conversation: Conversation): Promise<ErrorParts | null> {
  const {subject, greeting, after} = conversation
  // A greeting may tell them (RFC 9051 7.1); after TLS they have to be asked for anew (6.2.1).
  const told =
    after === null && conversation.wire?.encrypted !== true ? /\[CAPABILITY ([^\]]*)\]/i.exec(greeting ?? '') : null
  if (told !== null) {
    conversation.after = told[1]!.split(' ')
    return null
  }
  const {status, text, untagged} = await conversation.imap().command('CAPABILITY')
  const words = untagged.flatMap((line) => /^CAPABILITY (.*)$/i.exec(line)?.[1]?.trim().split(/\s+/) ?? [])
  if (status === 'OK') {
    conversation.after = words
    return null
  }
  const {host, provider, user} = subject
  const reply = `${status} ${text}`
  return {...partsOfReply(reply, {protocol: 'imap', step: 'ehlo', host, provider, user}), serverReply: reply}
}
