/** SMTP as it is spoken: a command, and the reply to it (RFC 5321 4.2). */
import {NotUnderstood} from './not-understood.ts'
import type {Wire} from './wire.ts'

export interface SmtpReply {
  /** Three digits, of which the first is 2 to 5. */
  readonly code: number
  /** Its lines without the code. */
  readonly lines: readonly string[]
  /** The whole reply as it came, its lines joined by a line break. */
  readonly text: string
}

export interface SmtpDialog {
  /** What the server says next, such as its greeting. @throws `WireError`; `NotUnderstood` where that is no reply. */
  reply(): Promise<SmtpReply>
  /** Says a line, and takes the reply; `shown` stands for it in the transcript where it holds credentials. @throws as `reply`. */
  command(line: string, shown?: string): Promise<SmtpReply>
}

/** Servers announce some twenty extensions, and explain a refusal in less than ten lines. */
const REPLY_LINES = 200
/** A line has at most 512 bytes (RFC 5321 4.5.3.1.5); what is longer is still read where it is no flood. */
const REPLY_LENGTH = 64 * 1024

/** Codes of RFC 5321 4.2, also alone, which 4.2.1 asks clients to take. */
const REPLY_LINE = /^([2-5]\d\d)(?:([ -])(.*))?$/

export function smtpDialog(wire: Wire): SmtpDialog {
  const reply = async (): Promise<SmtpReply> => {
    const came: string[] = []
    const lines: string[] = []
    let code = ''
    let length = 0
    for (;;) {
      const line = await wire.readLine()
      came.push(line)
      length += line.length
      const text = came.join('\n')
      if (came.length > REPLY_LINES || length > REPLY_LENGTH)
        throw new NotUnderstood(`its reply is longer than ${REPLY_LINES} lines or ${REPLY_LENGTH} characters`, text)
      const [, digits, separator, rest = ''] = REPLY_LINE.exec(line) ?? []
      if (digits === undefined)
        throw new NotUnderstood(lines.length === 0 ? 'its reply has no code' : 'a line of its reply has no code', text)
      // RFC 5321 4.2.1: which of two codes holds, nobody could tell.
      if (lines.length > 0 && digits !== code)
        throw new NotUnderstood(`its reply has two codes, ${code} and ${digits}`, text)
      code = digits
      lines.push(rest)
      if (separator !== '-') return {code: Number(code), lines, text}
    }
  }
  return {
    reply,
    async command(line, shown) {
      await wire.writeLine(line, shown)
      return reply()
    },
  }
}
