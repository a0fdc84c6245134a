/** What goes back from the worker that reads mails to be explained. */
import {messageOf} from './errors.ts'
import {explainMessage} from './explain-result.ts'
import {pack, unpack, workThrough, type BatchRequest, type Packed} from './message/batch.ts'
import type {Message, ParsedMessage} from './message/message.ts'
import {describeUnparsed, parseMessage} from './message/parse.ts'
import {escapeJson} from './unsafe-text.ts'

/** Of a message what decisions need, and what is told of it: the main thread hands that on as it is. */
export interface ReadMessage {
  readonly message: Message
  /** An `ExplainedMessage` as JSON in UTF-8, in which what would act on a terminal is escaped. */
  readonly told: Uint8Array
}

/** The messages of a batch, in order; packed is what is told of each. */
export interface ExplainReply extends Packed {
  /** `Message[]` as JSON, which costs both threads less than a structured clone. */
  readonly messages: string
}

export const tell = (parsed: ParsedMessage): ReadMessage => ({
  message: parsed.message,
  told: Buffer.from(escapeJson(JSON.stringify(explainMessage(parsed)))),
})

/** For a message that could not be read to its end. */
export const tellUnread = (raw: Uint8Array, why: string): ReadMessage => tellFacts(describeUnparsed(raw, why))

/** For a message of which no more than the facts is known. */
export const tellFacts = (message: Message): ReadMessage =>
  tell({message, body: {text: '', replyText: '', quotedText: '', signature: null, html: null}})

/** Reads a batch, noting in `progress` where it is. */
export function explainBatch(request: BatchRequest, progress: Int32Array): ExplainReply {
  const messages: Message[] = []
  const told: Uint8Array[] = []
  workThrough(request, progress, (raw) => {
    const read = readOne(raw)
    messages.push(read.message)
    told.push(read.told)
  })
  return {messages: JSON.stringify(messages), ...pack(told)}
}

/** What `explainBatch` made of each message. */
export function unpackReply(reply: ExplainReply): ReadMessage[] {
  const told = unpack(reply)
  return (JSON.parse(reply.messages) as Message[]).map((message, index) => ({message, told: told[index]!}))
}

function readOne(raw: Uint8Array): ReadMessage {
  try {
    return tell(parseMessage(raw))
  } catch (error) {
    return tellUnread(raw, messageOf(error))
  }
}
