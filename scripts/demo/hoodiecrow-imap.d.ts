/** The parts of hoodiecrow-imap that the demo uses; the package brings no types. */
declare module 'hoodiecrow-imap' {
  import type {Server} from 'node:net'

  interface Message {
    /** One character for each byte. */
    raw: string
    /** As in RFC 9051 9, date-time. */
    internaldate: string
  }
  interface Options {
    plugins: readonly string[]
    users: Readonly<Record<string, {readonly password: string}>>
    storage: {
      INBOX: {uidvalidity: number; messages: Message[]}
      '': {separator: string; folders: Readonly<Record<string, object>>}
    }
  }
  export default function hoodiecrow(options: Options): {
    readonly server: Server
    listen(port: number, host: string, done: () => void): void
    appendMessage(mailbox: string, flags: string[], internaldate: string, raw: string): void
  }
}
