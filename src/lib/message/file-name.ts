/** Names under which attachments are written: what a stranger calls a file is a wish, not a path. */

/** Bytes of a name in UTF-8. File systems take 255; some archives and encrypted disks 143, and a clash adds a few. */
const MAX_NAME_BYTES = 120

/** Characters looked at of the name that was sent: each has a byte at least, but for those that are removed. */
const MAX_GIVEN_LENGTH = 4000

/** Bytes of an extension that survive when a name is cut, the dot included. */
const MAX_EXTENSION_BYTES = 20

/** Names that Windows gives to devices, whatever their extension, also with superscript digits. */
const DEVICES = /^(?:con|prn|aux|nul|clock\$|conin\$|conout\$|(?:com|lpt)[0-9\u00B9\u00B2\u00B3])(?= *(?:\.|$))/i

/** Extensions of types that come without a name; anything else is `bin`, so that nothing opens it by chance. */
const EXTENSIONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'application/gzip': 'gz',
    'application/json': 'json',
    'application/msword': 'doc',
    'application/pdf': 'pdf',
    'application/pgp-encrypted': 'asc',
    'application/pgp-keys': 'asc',
    'application/pgp-signature': 'asc',
    'application/pkcs7-mime': 'p7m',
    'application/pkcs7-signature': 'p7s',
    'application/x-pkcs7-mime': 'p7m',
    'application/x-pkcs7-signature': 'p7s',
    'application/rtf': 'rtf',
    'application/vnd.ms-excel': 'xls',
    'application/vnd.ms-powerpoint': 'ppt',
    'application/vnd.ms-tnef': 'dat',
    'application/ms-tnef': 'dat',
    'application/vnd.openxmlformats-officedocument.presentationml.presentation': 'pptx',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
    'application/xml': 'xml',
    'application/zip': 'zip',
    'audio/mpeg': 'mp3',
    'audio/ogg': 'ogg',
    'audio/wav': 'wav',
    'audio/x-wav': 'wav',
    'image/bmp': 'bmp',
    'image/gif': 'gif',
    'image/heic': 'heic',
    'image/jpeg': 'jpg',
    'image/jpg': 'jpg',
    'image/png': 'png',
    'image/svg+xml': 'svg',
    'image/tiff': 'tiff',
    'image/webp': 'webp',
    'message/delivery-status': 'txt',
    'message/disposition-notification': 'txt',
    'message/feedback-report': 'txt',
    'message/global': 'eml',
    'message/rfc822': 'eml',
    'text/calendar': 'ics',
    'text/csv': 'csv',
    'text/directory': 'vcf',
    'text/html': 'html',
    'text/plain': 'txt',
    'text/rfc822-headers': 'txt',
    'text/vcard': 'vcf',
    'text/x-vcard': 'vcf',
    'text/xml': 'xml',
    'video/mp4': 'mp4',
    'video/quicktime': 'mov',
  }),
)

/** Words for what comes without a name; the others are an `attachment`. */
const STEMS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'application/pgp-signature': 'signature',
    'application/pkcs7-signature': 'smime',
    'application/x-pkcs7-signature': 'smime',
    'message/delivery-status': 'delivery-status',
    'message/disposition-notification': 'receipt',
    'message/feedback-report': 'feedback-report',
    'message/global': 'message',
    'message/rfc822': 'message',
    'text/calendar': 'calendar',
    'text/rfc822-headers': 'headers',
  }),
)

/** What a file is named after. */
export interface Naming {
  /** As sent; null where none was given. */
  readonly filename: string | null
  /** `type/subtype` in lower case. */
  readonly contentType: string
  /** Of a mail that is attached: its subject, which names it where nothing else does. */
  readonly subject?: string
}

/**
 * A name that is a file in the directory it is put in, on every system, and shows what it is: without separators,
 * control characters and characters that reverse the reading order, no device of Windows, not hidden, at most
 * `MAX_NAME_BYTES` long.
 */
export function safeFileName({filename, contentType, subject = ''}: Naming): string {
  const given = cleanName(filename ?? '')
  if (given !== '') return cutName(given)
  const extension = EXTENSIONS.get(contentType) ?? 'bin'
  return cutName(`${cleanName(subject) || (STEMS.get(contentType) ?? 'attachment')}.${extension}`)
}

/** True where an attached mail gets its name from its subject, as it has no other. */
export const namedBySubject = ({filename, contentType}: Naming): boolean =>
  cleanName(filename ?? '') === '' && EXTENSIONS.get(contentType) === 'eml'

/**
 * The `attempt`-th name to try for a file, from 1: `report.pdf`, then `report (2).pdf`, and so on. As long as a name
 * can be, the words give way to the number.
 */
export function numberedName(name: string, attempt: number): string {
  if (attempt === 1) return name
  const [stem, extension] = splitExtension(name)
  const number = ` (${attempt})`
  return cutBytes(stem, MAX_NAME_BYTES - Buffer.byteLength(number + extension)).trimEnd() + number + extension
}

/** What two names have in common that are one file where case and the way accents are written do not count. */
export const nameKey = (name: string): string => name.normalize('NFC').toLowerCase()

function cleanName(name: string): string {
  const clean = name
    .slice(0, MAX_GIVEN_LENGTH)
    .toWellFormed()
    .normalize('NFC')
    // The last of the names of a path: programs of the nineties sent `C:\\DOCS\\LETTER.DOC`.
    .replace(/^[a-z]:[\\/].*[\\/]/i, '')
    .replace(/\s+/g, ' ')
    // Control and format characters: bidi controls and zero-width ones are among them.
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    // Steps upwards and the root: nothing of a path is followed (RFC 2183 2.3).
    .replace(/(?:^|[\\/])\.{1,2}(?=[\\/])/g, '')
    .replace(/^[\\/]+/, '')
    // Separators, and what Windows forbids.
    .replace(/[/\\:*?"<>|]/g, '_')
    // A leading dot hides a file, a leading dash or tilde means something to programs and shells.
    .replace(/^[. ~-]+/, '')
    .replace(/[. ]+$/, '')
  return DEVICES.test(clean) ? `_${clean}` : clean
}

function splitExtension(name: string): [stem: string, extension: string] {
  const dot = name.lastIndexOf('.')
  const extension = dot <= 0 ? '' : name.slice(dot)
  return Buffer.byteLength(extension) > MAX_EXTENSION_BYTES
    ? [name, '']
    : [name.slice(0, name.length - extension.length), extension]
}

function cutName(name: string): string {
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name
  const [stem, extension] = splitExtension(name)
  return cutBytes(stem, MAX_NAME_BYTES - Buffer.byteLength(extension)).replace(/[. ]+$/, '') + extension
}

/** As many whole characters, as a person counts them, as fit into so many bytes. */
function cutBytes(text: string, bytes: number): string {
  let [cut, size] = ['', 0]
  for (const {segment} of new Intl.Segmenter().segment(text)) {
    size += Buffer.byteLength(segment)
    if (size > bytes) break
    cut += segment
  }
  return cut
}
