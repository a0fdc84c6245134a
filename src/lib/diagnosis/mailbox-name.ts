/** Names of mailboxes as IMAP4rev1 writes them: UTF-16 in an own form of base64, between `&` and `-` (RFC 3501 5.1.3). */

/** A run that does not stand for itself. */
const ESCAPED = /[^ -~]+/g
const SHIFTED = /&([A-Za-z0-9+,]*)-/g

export function encodeMailboxName(name: string): string {
  return name.replaceAll('&', '&-').replace(ESCAPED, (run) => {
    const utf16 = Buffer.from(run, 'utf16le').swap16()
    return `&${utf16.toString('base64').replace(/=+$/, '').replaceAll('/', ',')}-`
  })
}

/** Names that are no such form, as servers with names in UTF-8 have them, come back as they are. */
export function decodeMailboxName(written: string): string {
  return written.replace(SHIFTED, (shifted, base64: string) => {
    if (base64 === '') return '&'
    const utf16 = Buffer.from(base64.replaceAll(',', '/'), 'base64')
    return utf16.length > 0 && utf16.length % 2 === 0 ? utf16.swap16().toString('utf16le') : shifted
  })
}
