/** A connection to a server of mail, spoken line by line, with everything that is seen of it. */

/** The contract of `open-wire.ts`. Every wait has the deadline of the run, and ends with its signal. */
export interface Wire {
  /** The address and port that it is connected to. */
  readonly address: string
  readonly port: number
  /** True once TLS stands. */
  readonly encrypted: boolean
  /** The next line without its CRLF; bare LF and over-long lines are taken as they come. @throws `WireError`. */
  readLine(): Promise<string>
  /** Exactly so many bytes: an IMAP literal. @throws `WireError`. */
  readBytes(count: number): Promise<Buffer>
  /** Sends a line; `shown` stands in its place in the transcript where it holds credentials. @throws `WireError`. */
  writeLine(line: string, shown?: string): Promise<void>
  /** Sends bytes as they are, such as a message. @throws `WireError`. */
  writeBytes(bytes: Uint8Array, shown: string): Promise<void>
  /** Bytes that came and were not read yet: before a handshake they are an injection (RFC 3207 6). */
  pending(): number
  /** Frees the socket at once. */
  close(): void
}

/** Why a wire gave nothing. `code` is Node's, or one of ours: `CONNECT_TIMEOUT`, `HANDSHAKE_TIMEOUT`, `REPLY_TIMEOUT`, `CLOSED`, `LINE_TOO_LONG`. */
export class WireError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'WireError'
    this.code = code
  }
}
