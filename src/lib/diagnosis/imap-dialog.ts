/** IMAP as it is spoken: a command with a tag, and all that comes until the tag comes back (RFC 9051 2.2). */
import {NotUnderstood} from './not-understood.ts'
import {type Wire, WireError} from './wire.ts'

/** `BYE`: the server ends the connection, and does not answer the command. `PREAUTH` is known to greetings only. */
export type ImapStatus = 'OK' | 'NO' | 'BAD' | 'BYE' | 'PREAUTH'

export interface ImapResponse {
  readonly status: ImapStatus
  /** What stands behind the status, with its response code: `[AUTHENTICATIONFAILED] Authentication failed.` */
  readonly text: string
  /** What came before it, each without its star. A literal stands there as a quoted string does. */
  readonly untagged: readonly string[]
}

/** What the client says when the server asks for more. */
export interface ContinuationAnswer {
  readonly line: string
  /** What stands for it in the transcript. */
  readonly shown: string
}

export interface ImapCommandOptions {
  /** Stands for the command in the transcript where it holds credentials. */
  readonly shown?: string
  /** Asked whenever the server asks for more, with what stands behind its `+`; null gives up (RFC 9051 6.2.2). */
  readonly answer?: (challenge: string) => ContinuationAnswer | null
}

export interface ImapDialog {
  /** The first response of a connection. @throws `WireError`; `NotUnderstood` where that is none. */
  greeting(): Promise<ImapResponse>
  /** Says a command, without its tag. Never call it while another one runs. @throws as `greeting`. */
  command(command: string, options?: ImapCommandOptions): Promise<ImapResponse>
}

/** All that may come in answer to one command: the names of some ten thousand mailboxes, and any header. */
const RESPONSE_LENGTH = 2 ** 20
/** No mechanism that takes a password asks more than twice. */
const CONTINUATIONS = 4

/** At the end of a line: so many bytes follow. `+` and `~` are of RFC 7888 and RFC 3516. */
const LITERAL = /~?\{(\d{1,10})\+?\}$/
const CONDITION = /^(OK|NO|BAD|BYE|PREAUTH)(?: (.*))?$/is

export function imapDialog(wire: Wire): ImapDialog {
  let commands = 0

  /** Reads whole responses, all for one command. */
  const reader = () => {
    let left = RESPONSE_LENGTH
    const spend = (length: number, came: string) => {
      left -= length
      if (left < 0) throw new NotUnderstood(`its answer is longer than ${RESPONSE_LENGTH} characters`, came)
    }
    return async (): Promise<string> => {
      let response = ''
      for (;;) {
        const line = await wire.readLine()
        spend(line.length, response + line)
        const literal = LITERAL.exec(line)
        if (literal === null) return response + line
        const count = Number(literal[1])
        response += line.slice(0, literal.index)
        spend(count, response)
        response += quoted((await wire.readBytes(count)).toString())
      }
    }
  }

  return {
    async greeting() {
      const line = await reader()()
      const greeting = line.startsWith('* ') ? conditionOf(line.slice(2)) : null
      if (greeting === null) throw new NotUnderstood('its first line is no greeting', line)
      return {...greeting, untagged: []}
    },

    async command(command, {shown, answer} = {}) {
      const tag = `p${++commands}`
      await wire.writeLine(`${tag} ${command}`, shown === undefined ? undefined : `${tag} ${shown}`)
      const read = reader()
      const untagged: string[] = []
      let goodbye: Omit<ImapResponse, 'untagged'> | null = null
      let asked = 0
      for (;;) {
        let line: string
        try {
          line = await read()
        } catch (error) {
          // The server has said why it ends the connection; that it then ended is no news.
          if (goodbye === null || !(error instanceof WireError) || error instanceof NotUnderstood) throw error
          return {...goodbye, untagged}
        }
        if (line.startsWith('* ')) {
          const response = line.slice(2)
          const condition = conditionOf(response)
          if (condition?.status === 'BYE') goodbye = condition
          untagged.push(response)
        } else if (line === '+' || line.startsWith('+ ')) {
          if (answer === undefined) throw new NotUnderstood('it asks for more where nothing is to be added', line)
          if (++asked > CONTINUATIONS) throw new NotUnderstood('it does not stop asking for more', line)
          const more = answer(line.slice(2)) ?? {line: '*', shown: '*'}
          await wire.writeLine(more.line, more.shown)
        } else {
          const completion = line.startsWith(`${tag} `) ? conditionOf(line.slice(tag.length + 1)) : null
          if (completion === null || !/^(OK|NO|BAD)$/.test(completion.status))
            throw new NotUnderstood('its answer is none to what was asked', line)
          return {...completion, untagged}
        }
      }
    },
  }
}

/** Text as a quoted string (RFC 9051 9); one that holds line breaks is none that could be sent. */
export const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`

function conditionOf(response: string): Omit<ImapResponse, 'untagged'> | null {
  const [, status, text = ''] = CONDITION.exec(response) ?? []
  return status === undefined ? null : {status: status.toUpperCase() as ImapStatus, text}
}
