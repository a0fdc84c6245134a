/**
 * The Message-ID that a provider gave a message in place of ours. Answers refer to that one, so a thread is only found
 * again by it.
 */

/**
 * Microsoft 365 and Outlook.com end with the id under which the mail goes on and the name of the machine:
 * `250 2.0.0 OK <DB7PR04MB….eurprd04.prod.outlook.com> [Hostname=DB7PR04MB….eurprd04.prod.outlook.com]`. Where they keep
 * ours it stands there.
 */
const MICROSOFT = /^250 2\.0\.0 OK <([^<>\s]+)> \[Hostname=/i

/**
 * `250 Ok 0100018b5c3c0a4f-…-000000`: the part before the @ of the Message-ID that Amazon SES puts in place of any other
 * (SES Developer Guide, "Header fields in Amazon SES"; nodemailer 10.6 reads it alike, smtp-connection/server-message-id.js).
 */
const SES = /^250 Ok ([0-9a-f]+(?:-[0-9a-f]+)+)$/i

/** `email-smtp.eu-west-1.amazonaws.com`, `email-smtp-fips.us-east-1.amazonaws.com`. */
const SES_HOST = /^email-smtp(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com$/i

/**
 * The id in the final reply of the server at `host`, without angle brackets. Null where the reply shows none, or shows
 * `ours`.
 */
export function providerMessageId(reply: string, host: string, ours: string | null): string | null {
  const line = reply.trim()
  const id = MICROSOFT.exec(line)?.[1] ?? sesId(line, host)
  return id === undefined || id === ours ? null : id
}

function sesId(line: string, host: string): string | undefined {
  const [local, region] = [SES.exec(line)?.[1], SES_HOST.exec(host)?.[1]?.toLowerCase()]
  if (local === undefined || region === undefined) return undefined
  // The oldest region has another name there than in its host (the same place).
  return `${local}@${region === 'us-east-1' ? 'email' : region}.amazonses.com`
}

/** The header of a mail ends at its first empty line; ids longer than a line are nobody's. */
const MESSAGE_ID = /^Message-ID:[ \t]*(?:\r?\n[ \t]+)?<([^<>\r\n]*)>/im

/** How much of a mail is searched for its Message-ID: ours stands among the first fields of what we composed. */
const HEADER_BYTES = 64 * 1024

/** The Message-ID in the header of a message, without angle brackets; null where it has none. */
export function ownMessageId(raw: Uint8Array): string | null {
  const start = Buffer.from(raw.buffer, raw.byteOffset, Math.min(raw.byteLength, HEADER_BYTES)).toString('latin1')
  const end = /\r?\n\r?\n/.exec(start)?.index ?? start.length
  return MESSAGE_ID.exec(start.slice(0, end))?.[1] ?? null
}
