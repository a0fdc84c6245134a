/**
 * Customer mail in any number, the same for the same seed: three kinds, four languages, threads, attachments, and the
 * header fields that a mail has after its journey. 18 KB on average.
 */
import {createCipheriv, createHash} from 'node:crypto'
import {chown, utimes, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {makeMaildirAt, type Owner} from './maildir.ts'
import {CITIES, PHRASES, type Language, type Phrases} from './mail-phrases.ts'

/** Local parts of the addresses that the mails go to. */
export const GENERATED_ADDRESSES: readonly string[] = ['support', 'billing', 'hello']

export interface GeneratorOptions {
  /** Another seed gives other mail. */
  readonly seed?: number
  /** The portal's domain. */
  readonly domain?: string
  /** Local parts of the internal addresses that customers write to. */
  readonly recipients?: readonly string[]
}

export type MailKind = 'text' | 'alternative' | 'attachment'

/** What is known of a mail without making its body. */
export interface MailOutline {
  readonly kind: MailKind
  readonly language: Language
  readonly messageId: string
  readonly date: Date
  readonly from: {readonly name: string; readonly address: string}
  /** The internal address it is for. */
  readonly to: string
  readonly subject: string
  /** The index of the mail that it answers. */
  readonly parent: number | null
  /** Message-IDs of the thread, the oldest first. */
  readonly references: readonly string[]
}

/** What share of the mails is text alone; and text alone or alternative. The rest has an attachment. */
const TEXT_SHARE = 0.57
const WITHOUT_ATTACHMENT_SHARE = 0.9
const REPLY_SHARE = 0.25
/** A reply answers one of this many mails before it. */
const REPLY_REACH = 40
/** Bytes of an encoded attachment. */
const ATTACHMENT_BYTES = {least: 30_000, most: 200_000}
/** Characters of the text of a body, before encoding and quoting. */
const TEXT_LENGTH = {least: 200, most: 3_700}
const FIRST_DATE = Date.UTC(2026, 0, 5, 6)
const INTERVAL = 4 * 60_000

/** Irrational steps: values of consecutive indexes are spread evenly, so that the shares hold for any few hundred mails. */
const STEP = {
  kind: 0.618_033_988_749_895,
  reply: 0.414_213_562_373_095,
  attachment: 0.732_050_807_568_877,
  text: 0.645_751_311_064_591,
}

/** The mail of this index, with CRLF line ends. */
export function generateMail(index: number, options: GeneratorOptions = {}): Buffer {
  const outline = outlineMail(index, options)
  const {seed = 1, domain = 'acme.example'} = options
  const random = randomOf(seed, index, 2)
  const phrases = PHRASES[outline.language]
  const paragraphs = writeParagraphs(index, seed, outline, random)
  const text = paragraphs.join('\r\n\r\n')
  const head = [
    ...trace(outline, domain, random),
    `Message-ID: <${outline.messageId}>`,
    `Date: ${mailDate(outline.date, phrases.zone)}`,
    `From: ${phrase(outline.from.name)} <${outline.from.address}>`,
    `To: ${outline.to}`,
    ...(outline.references.length > 0
      ? [
          `In-Reply-To: <${outline.references.at(-1)}>`,
          `References: ${outline.references.map((id) => `<${id}>`).join('\r\n ')}`,
        ]
      : []),
    `Subject: ${encodeWords(outline.subject)}`,
    `User-Agent: ${pick(['Thunderbird 128.5', 'Apple Mail (2.3826)', 'Webmail/1.6', 'Outlook 16.0'], random)}`,
    'MIME-Version: 1.0',
  ]
  const body = textPart('plain', text, outline.language, random)
  if (outline.kind === 'text') return assemble([...head, body])
  if (outline.kind === 'alternative') {
    const html = textPart('html', writeHtml(outline, paragraphs), outline.language, random)
    return assemble([...head, multipart('alternative', [body, html], index)])
  }
  return assemble([...head, multipart('mixed', [body, attachment(index, seed, random)], index)])
}

/** Who writes what to whom, without the body. */
export function outlineMail(index: number, options: GeneratorOptions = {}): MailOutline {
  const {seed = 1, domain = 'acme.example', recipients = GENERATED_ADDRESSES} = options
  const random = randomOf(seed, index, 1)
  const position = spread(index, seed, STEP.kind)
  const kind = position < TEXT_SHARE ? 'text' : position < WITHOUT_ATTACHMENT_SHARE ? 'alternative' : 'attachment'
  const date = new Date(FIRST_DATE + index * INTERVAL + Math.floor(random() * INTERVAL))
  const reply = index > 0 && spread(index, seed, STEP.reply) < REPLY_SHARE
  const parentIndex = reply ? index - 1 - Math.floor(random() * Math.min(index, REPLY_REACH)) : null
  const token = Math.floor(random() * 2 ** 32).toString(36)
  if (parentIndex !== null) {
    const parent = outlineMail(parentIndex, options)
    const subject = parent.subject.startsWith('Re: ') ? parent.subject : `Re: ${parent.subject}`
    const {language, from, to} = parent
    const references = [...parent.references, parent.messageId]
    return {
      kind,
      language,
      messageId: messageIdOf(index, token, from.address),
      date,
      from,
      to,
      subject,
      parent: parentIndex,
      references,
    }
  }
  const language = pick(['en', 'en', 'en', 'de', 'vi', 'ja'] as const, random)
  const phrases = PHRASES[language]
  const [family, given] = [pick(phrases.familyNames, random), pick(phrases.givenNames, random)]
  const name = phrases.familyNameFirst ? `${family} ${given}` : `${given} ${family}`
  const address = `${localPart(name)}${Math.floor(random() * 90)}@${pick(phrases.domains, random)}`
  const to = `${pick(recipients, random)}@${domain}`
  const subject = fill(pick(phrases.subjects, random), phrases, random)
  return {
    kind,
    language,
    messageId: messageIdOf(index, token, address),
    date,
    from: {name, address},
    to,
    subject,
    parent: null,
    references: [],
  }
}

/** Fills a new Maildir with the mails `0` to `count - 1`; gives their size in bytes. Their arrival is their Date. */
export async function writeMaildir(
  directory: string,
  count: number,
  options: GeneratorOptions & {readonly owner?: Owner} = {},
): Promise<{bytes: number}> {
  await makeMaildirAt(directory, options.owner)
  let bytes = 0
  let next = 0
  const writeAll = async () => {
    while (next < count) {
      const index = next++
      const mail = generateMail(index, options)
      bytes += mail.length
      const arrived = outlineMail(index, options).date
      // The sizes in the name are what Dovecot writes itself; without them it reads every file to count the bytes.
      const name = `${Math.floor(arrived.getTime() / 1000)}.M${index}P1.generated,S=${mail.length},W=${mail.length}`
      const path = join(directory, 'new', name)
      await writeFile(path, mail)
      await utimes(path, arrived, arrived)
      if (options.owner) await chown(path, options.owner.uid, options.owner.gid)
    }
  }
  await Promise.all(Array.from({length: 4}, writeAll))
  return {bytes}
}

// Header ----------------------------------------------------------------------------------------------------------

/** What the journey left on top, the last hop first. Each hop stamps a later time. */
function trace(outline: MailOutline, domain: string, random: Random): string[] {
  const host = outline.from.address.split('@')[1]!
  const hop = (from: string, by: string, seconds: number) =>
    `Received: from ${from} (${from} [192.0.2.${1 + Math.floor(random() * 250)}])\r\n\tby ${by} with ESMTPS id ${hex(random)}\r\n\t(version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256)\r\n\tfor <${outline.to}>; ${mailDate(new Date(outline.date.getTime() + seconds * 1000), 0)}`
  const hops = [hop(`client.${host}`, `out.${host}`, 1 + Math.floor(random() * 3))]
  if (random() < 0.5) hops.unshift(hop(`out.${host}`, 'relay.filter.example', 5 + Math.floor(random() * 20)))
  hops.unshift(
    hop(random() < 0.5 ? `out.${host}` : 'relay.filter.example', `mx.${domain}`, 40 + Math.floor(random() * 60)),
  )
  return [
    `Delivered-To: ${outline.to}`,
    `Return-Path: <${outline.from.address}>`,
    ...hops,
    `Authentication-Results: mx.${domain};\r\n\tdkim=pass header.d=${host} header.s=mail;\r\n\tspf=pass smtp.mailfrom=${outline.from.address}`,
    `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=${host}; s=mail;\r\n\th=From:To:Subject:Date:Message-ID;\r\n\tb=${signature(random)}`,
  ]
}

function signature(random: Random): string {
  const bytes = Buffer.alloc(256)
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(Math.floor(random() * 2 ** 32), at)
  return lines(bytes.toString('base64'), 68).join('\r\n\t ')
}

const messageIdOf = (index: number, token: string, address: string) => `${index}.${token}@${address.split('@')[1]}`

/** RFC 5322 3.3, in the zone of the writer. */
function mailDate(date: Date, zone: number): string {
  const local = new Date(date.getTime() + zone * 3_600_000)
  return local.toUTCString().replace('GMT', `+${String(zone).padStart(2, '0')}00`)
}

/** A display name: an encoded word where it needs one (RFC 2047 5). */
const phrase = (name: string) => (isAscii(name) ? name : encodeWords(name))

/** RFC 2047 2: no encoded word is longer than 75 characters, and none splits a character. */
function encodeWords(text: string): string {
  if (isAscii(text)) return text
  const words: string[] = []
  let word = ''
  for (const character of text) {
    if (Buffer.byteLength(word + character) > 45) {
      words.push(word)
      word = ''
    }
    word += character
  }
  words.push(word)
  return words.map((part) => `=?UTF-8?B?${Buffer.from(part).toString('base64')}?=`).join('\r\n ')
}

/** Letters of the name that may stand in an address, else something made of it. */
function localPart(name: string): string {
  const letters = name
    .normalize('NFD')
    .replaceAll('đ', 'd')
    .replaceAll('Đ', 'D')
    .replaceAll('ß', 'ss')
    .replace(/[^A-Za-z ]/g, '')
    .trim()
    .toLowerCase()
  return letters === '' ? `k${createHash('md5').update(name).digest('hex').slice(0, 6)}` : letters.replace(/ +/g, '.')
}

// Body ------------------------------------------------------------------------------------------------------------

function writeParagraphs(index: number, seed: number, outline: MailOutline, random: Random): string[] {
  const phrases = PHRASES[outline.language]
  const share = spread(index, seed, STEP.text)
  // Squared: most mails are short, a few are long.
  const wanted = TEXT_LENGTH.least + (TEXT_LENGTH.most - TEXT_LENGTH.least) * share * share
  const paragraphs = [pick(phrases.greetings, random)]
  for (let length = 0; length < wanted;) {
    const sentences = Array.from({length: 2 + Math.floor(random() * 4)}, () =>
      fill(pick(phrases.sentences, random), phrases, random),
    )
    const paragraph = sentences.join(phrases.space)
    paragraphs.push(paragraph)
    length += paragraph.length
  }
  paragraphs.push(`${fill(pick(phrases.closings, random), phrases, random)}\r\n${outline.from.name}`)
  paragraphs.push(
    `-- \r\n${outline.from.name}\r\n${outline.from.address}\r\n+49 30 5550${Math.floor(random() * 9000 + 1000)}`,
  )
  if (outline.parent !== null) {
    const quoted = Array.from({length: 3}, () => `> ${fill(pick(phrases.sentences, random), phrases, random)}`)
    paragraphs.push([fill(phrases.wrote, phrases, random), ...quoted].join('\r\n'))
  }
  return paragraphs
}

/** What a mail program makes of the same text: a style sheet that nobody needs, and a style on every paragraph. */
function writeHtml(outline: MailOutline, paragraphs: readonly string[]): string {
  const rules = [
    'MsoNormal',
    'MsoPlainText',
    'MsoListParagraph',
    'EmailStyle17',
    'EmailStyle20',
    'Signature',
    'Quote',
    'Footer',
  ]
    .map(
      (name) =>
        `p.${name}, li.${name}, div.${name}\r\n{margin:0cm; margin-bottom:.0001pt; font-size:11.0pt; font-family:"Calibri",sans-serif; mso-fareast-language:EN-US; color:#1F2933}`,
    )
    .join('\r\n')
  const blocks = paragraphs.map(
    (text) =>
      `<p class="MsoNormal" style="margin:0 0 12pt 0"><span lang="${outline.language}" style="font-family:&quot;Calibri&quot;,sans-serif;color:#1F2933">${escapeHtml(text).replaceAll('\r\n', '<br>\r\n')}</span></p>`,
  )
  return [
    '<!DOCTYPE html>',
    `<html lang="${outline.language}"><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8">`,
    `<title>${escapeHtml(outline.subject)}</title><style>\r\n${rules}\r\n</style></head>`,
    '<body lang="en" link="#0563C1" vlink="#954F72"><div class="WordSection1">',
    ...blocks,
    '<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="border-collapse:collapse"><tr>',
    `<td style="padding:8px 16px 8px 0;border-right:2px solid #0563C1"><b>${escapeHtml(outline.from.name)}</b></td>`,
    `<td style="padding:8px 0 8px 16px"><a href="mailto:${outline.from.address}">${outline.from.address}</a></td>`,
    '</tr></table></div></body></html>',
  ].join('\r\n')
}

const escapeHtml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** A leaf with its own header fields; programs of different countries choose different encodings. */
function textPart(subtype: 'plain' | 'html', text: string, language: Language, random: Random): string {
  const type = (charset: string, encoding: string) =>
    `Content-Type: text/${subtype}; charset=${charset}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`
  const base64 = language === 'ja' || (language === 'vi' && random() < 0.5)
  if (base64) return type('utf-8', 'base64') + lines(Buffer.from(text).toString('base64'), 76).join('\r\n')
  if (isAscii(text) && random() < 0.4) return type('us-ascii', '7bit') + text
  const latin1 = language === 'de' && random() < 0.3 && isLatin1(text)
  if (latin1) return type('iso-8859-1', 'quoted-printable') + quotedPrintable(Buffer.from(text, 'latin1'))
  return type('utf-8', 'quoted-printable') + quotedPrintable(Buffer.from(text))
}

/** A file that compresses as badly as a real one. */
function attachment(index: number, seed: number, random: Random): string {
  const {least, most} = ATTACHMENT_BYTES
  const size = Math.floor((least + (most - least) * spread(index, seed, STEP.attachment)) * 0.73) // base64 with line ends grows by 1.37
  const key = createHash('md5').update(`${seed}/${index}`).digest()
  const noise = createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size))
  const file = Buffer.concat([Buffer.from('%PDF-1.7\n'), noise])
  const name = `invoice-${Math.floor(random() * 900_000 + 100_000)}.pdf`
  return `Content-Type: application/pdf; name="${name}"\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines(file.toString('base64'), 76).join('\r\n')}`
}

function multipart(subtype: string, parts: readonly string[], index: number): string {
  const boundary = `=_part_${index.toString(36)}_${subtype}`
  const body = parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('')
  return `Content-Type: multipart/${subtype}; boundary="${boundary}"\r\n\r\n${body}--${boundary}--`
}

const assemble = (parts: readonly string[]) => Buffer.from(`${parts.join('\r\n')}\r\n`)

/** RFC 2045 6.7. Lines end as they are; those that are too long get soft breaks. */
function quotedPrintable(bytes: Buffer): string {
  let out = ''
  let column = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte === 13 && bytes[at + 1] === 10) {
      out += '\r\n'
      column = 0
      at++
      continue
    }
    const beforeBreak = bytes[at + 1] === 13 || at + 1 === bytes.length
    const token = QUOTED[byte === 32 && beforeBreak ? 61 : byte]!
    const encoded = byte === 32 && beforeBreak ? '=20' : token
    if (column + encoded.length > 75) {
      out += '=\r\n'
      column = 0
    }
    out += encoded
    column += encoded.length
  }
  return out
}

/** How each byte is written in quoted-printable. */
const QUOTED: readonly string[] = Array.from({length: 256}, (_, byte) =>
  byte >= 32 && byte < 127 && byte !== 61
    ? String.fromCharCode(byte)
    : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`,
)

function lines(text: string, length: number): string[] {
  const found: string[] = []
  for (let at = 0; at < text.length; at += length) found.push(text.slice(at, at + length))
  return found
}

// oxlint-disable-next-line no-control-regex -- the whole of ASCII is meant
const isAscii = (text: string) => /^[\x00-\x7f]*$/.test(text)
// oxlint-disable-next-line no-control-regex -- the whole of Latin-1 is meant
const isLatin1 = (text: string) => /^[\x00-\xff]*$/.test(text)

// Chance ----------------------------------------------------------------------------------------------------------

/** Numbers from 0 up to 1, always the same ones for the same seed. */
type Random = () => number

/** Mulberry32: small, fast, good enough for choosing words. */
function randomOf(seed: number, index: number, salt: number): Random {
  let state = (Math.imul(seed, 0x9e37_79b1) ^ Math.imul(index + 1, 0x85eb_ca6b) ^ Math.imul(salt, 0xc2b2_ae35)) >>> 0
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const spread = (index: number, seed: number, step: number) => ((index + 1) * step + seed * 0.271_828_182_845) % 1

const pick = <T>(list: readonly T[], random: Random): T => list[Math.floor(random() * list.length)]!

const hex = (random: Random) =>
  Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0')

function fill(template: string, phrases: Phrases, random: Random): string {
  return template.replace(/\{(\w+)\}/g, (slot, name: string) => {
    switch (name) {
      case 'order':
        return `A-${Math.floor(random() * 900_000 + 100_000)}`
      case 'invoice':
        return `2026-${Math.floor(random() * 9000 + 1000)}`
      case 'product':
        return pick(phrases.products, random)
      case 'count':
        return String(2 + Math.floor(random() * 97))
      case 'amount':
        return (random() * 900 + 5).toFixed(2)
      case 'day':
        return `${1 + Math.floor(random() * 28)}.${1 + Math.floor(random() * 12)}.2026`
      case 'city':
        return pick(CITIES, random)
      default:
        return slot
    }
  })
}
