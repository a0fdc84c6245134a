/** Mail as nobody would write it: the same for the same seed. */
import {globSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {generateMail} from './mail-generator.ts'
import {packRtf, writeTnef} from './tnef-writer.ts'

/** Numbers from 0 to 1, as of `seededRandom`. */
export type Random = () => number

/** Bytes of a seed: longer ones only take longer. */
const MAX_SEED_BYTES = 24 * 1024
/** Bytes of a mutated mail, whatever was repeated. */
const MAX_MAIL_BYTES = 256 * 1024

const FIXTURES = join(import.meta.dirname, '../fixtures/mail')

/** The fixtures, generated mail, and mail with what only few programs send. */
export function seedMails(): Buffer[] {
  const fixtures = globSync('*.eml', {cwd: FIXTURES}).toSorted()
  return [
    ...fixtures.map((name) => readFileSync(join(FIXTURES, name))),
    ...Array.from({length: 16}, (_, index) => generateMail(index, {seed: 3})),
    ...rareMails(),
  ].map((mail) => mail.subarray(0, MAX_SEED_BYTES))
}

function rareMails(): Buffer[] {
  const tnef = writeTnef({
    messageClass: 'IPM.Schedule.Meeting.Request',
    subject: 'x',
    properties: [
      {
        id: 0x1009,
        value: packRtf("{\\rtf1\\ansi\\fromhtml1{\\fonttbl{\\f1\\fcharset204 A;}}{\\*\\htmltag64 <p>}\\u252?\\'fc}"),
      },
      {id: 0x8001, named: 0x820d, value: new Date(0)},
    ],
    files: [{title: 'a.txt', data: Buffer.from('data'), properties: [{id: 0x3707, value: 'a long name.txt'}]}],
  })
  const part = (type: string, body: string, encoding = '7bit') =>
    `--b\r\nContent-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}\r\n`
  const mixed = (...parts: readonly string[]) =>
    Buffer.from(`From: =?utf-8?Q?A?= <a@x.example>\r\nSubject: =?iso-2022-jp?B?GyRCJCI=?= =?iso-2022-jp?B?JCQbKEI=?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${parts.join('')}--b--\r\n`) // prettier-ignore
  const uu = 'begin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\n'
  const calendar =
    'BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:a\\,\r\n b\r\nDTSTART;TZID=X:20261103T100000\r\nORGANIZER;CN="x":mailto:a@x.example\r\nEND:VEVENT\r\nEND:VCALENDAR'
  const signed = Buffer.from('3080 06092a864886f70d010702 a080 3080 020101 3100 3080 06092a864886f70d010701 a080 2480 0410 537562'.replaceAll(' ', ''), 'hex') // prettier-ignore
  return [
    mixed(part('text/plain; format=flowed; delsp=yes', `> quoted \r\n> more\r\n${uu}-- \r\nme`), part('application/ms-tnef; name="winmail.dat"', tnef.toString('base64'), 'base64')),
    mixed(part('text/calendar; method=REQUEST', calendar), part('application/pkcs7-mime; smime-type=signed-data', signed.toString('base64'), 'base64')),
    mixed(part('multipart/alternative; boundary=c', `--c\r\n\r\na\r\n--c\r\nContent-Type: text/html\r\n\r\n<p>a&amp;b</p>\r\n--c--`), part("text/plain; name*0*=utf-8''%C3; name*1*=%A4", 'x')),
    mixed(part('message/rfc822', 'Subject: inner\r\nContent-Type: text/plain\r\n\r\ninner'), part('message/delivery-status', 'Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@x.example\r\nAction: failed\r\nStatus: 5.1.1')),
  ] // prettier-ignore
}

const HEADERS = [
  'Content-Type: multipart/mixed; boundary=b', 'Content-Type: multipart/alternative; boundary="b"', 'Content-Type: text/html; charset=utf-7',
  'Content-Type: text/plain; charset=iso-2022-kr; format=flowed', 'Content-Type: message/rfc822', 'Content-Type: application/ms-tnef',
  'Content-Type: text/calendar', 'Content-Type: application/pkcs7-mime', 'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
  'Content-Transfer-Encoding: base64', 'Content-Transfer-Encoding: quoted-printable', 'Content-Transfer-Encoding: x-uuencode',
  "Content-Disposition: attachment; filename*0*=utf-8''%E2%82; filename*1*=%AC", 'Subject: =?utf-8?B?4oI=?= =?utf-8?Q?=AC?=', 'Subject: Fwd: x',
  'From: a@x.example, "b" <b@x.example>, c: d@x.example;', 'To: undisclosed-recipients:;', 'Date: Tue, 99 Foo 99999 25:61:61 +9999', 'References: <a@x> <b@x> <a@x',
] // prettier-ignore

const TOKENS = [
  '\r\n', '\n', '\r', '\0', '\x1b[31m', '\u202e', '--b', '--b--', '\r\n--b\r\n', '\r\n\r\n', '=?utf-8?Q?', '?=', '=?', '<', '>', '"', '(', ')', ';', ':', ',', '@', '=', '=\r\n',
  '=3D', '\\', '{', '}', "\\'", '\\u', '%', "''", '> ', '>', '-- ', 'begin 644 x\r\n', 'end\r\n', '`', '<!--', '<p', '<style>', '&#', '&amp;', '\x1b$B', '\x1b$)C\x0e', '~{', '+A', '\xff\xfe', '\xe2\x82',
  'On Tue, x wrote:\r\n', '-----Original Message-----\r\n', 'From: x\r\nSent: y\r\nTo: z\r\nSubject: s\r\n', 'BEGIN:VEVENT\r\n', 'Final-Recipient: rfc822; ', '550 5.1.1 ', 'From ', '-----BEGIN PGP MESSAGE-----\r\n',
] // prettier-ignore

const CHARSETS = ['utf-8', 'us-ascii', 'utf-7', 'utf-16', 'utf-32', 'gb18030', 'hz-gb-2312', 'iso-2022-jp', 'iso-2022-kr', 'iso-2022-cn', 'big5', 'shift_jis', 'euc-kr', 'viscii', 'cp437', 'x-none', 'hex', '__proto__', 'windows-1252'] // prettier-ignore

const NUMBERS = ['-1', '0', '65536', '4294967295', '99999999999999999999', '1e308', 'NaN']

type Mutation = (mail: Buffer, random: Random, seeds: readonly Buffer[]) => Buffer

const pick = <T>(list: readonly T[], random: Random): T => list[Math.floor(random() * list.length)]!
const place = (mail: Buffer, random: Random): number => Math.floor(random() * (mail.length + 1))
const insert = (mail: Buffer, at: number, bytes: Buffer): Buffer =>
  Buffer.concat([mail.subarray(0, at), bytes, mail.subarray(at)])
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

const MUTATIONS: readonly Mutation[] = [
  function flipBits(mail, random) {
    const flipped = Buffer.from(mail)
    for (let count = 1 + Math.floor(random() * 8); count > 0 && mail.length > 0; count--) {
      flipped[Math.floor(random() * mail.length)]! ^= 1 << Math.floor(random() * 8)
    }
    return flipped
  },
  function truncate(mail, random) {
    return mail.subarray(0, place(mail, random))
  },
  function behead(mail, random) {
    return mail.subarray(place(mail, random))
  },
  function splice(mail, random, seeds) {
    const other = pick(seeds, random)
    return Buffer.concat([mail.subarray(0, place(mail, random)), other.subarray(place(other, random))])
  },
  function repeatStretch(mail, random) {
    const start = place(mail, random)
    const stretch = mail.subarray(start, start + 1 + Math.floor(random() * 200))
    return insert(mail, start, Buffer.concat(Array.from({length: 1 + Math.floor(random() * 300)}, () => stretch)))
  },
  function repeatToken(mail, random) {
    return insert(mail, place(mail, random), latin1(pick(TOKENS, random).repeat(1 + Math.floor(random() ** 4 * 3000))))
  },
  function addTokens(mail, random) {
    return insert(mail, place(mail, random), latin1(Array.from({length: 20}, () => pick(TOKENS, random)).join('')))
  },
  function addHeader(mail, random) {
    return Buffer.concat([latin1(`${pick(HEADERS, random)}\r\n`), mail])
  },
  function addPartHeader(mail, random) {
    const at = mail.indexOf('\r\n\r\n', place(mail, random))
    return at === -1 ? mail : insert(mail, at, latin1(`\r\n${pick(HEADERS, random)}`))
  },
  function swapCharset(mail, random) {
    const charset = pick(CHARSETS, random)
    return latin1(mail.toString('latin1').replace(/charset=("?)[\w-]+/gi, `charset=$1${charset}`).replace(/=\?[\w-]+\?/g, `=?${charset}?`)) // prettier-ignore
  },
  function swapEncoding(mail, random) {
    const encoding = pick(['7bit', 'base64', 'quoted-printable', 'x-uuencode', 'x-none'], random)
    return latin1(mail.toString('latin1').replace(/(content-transfer-encoding:\s*)[\w-]+/gi, `$1${encoding}`))
  },
  function swapBoundary(mail, random) {
    const boundary = pick(['b', 'c', '', ' ', '-', 'b-', 'x'.repeat(300)], random)
    return latin1(mail.toString('latin1').replace(/boundary=("?)[^"\s;]+/i, `boundary=$1${boundary}`))
  },
  function swapNumber(mail, random) {
    const number = pick(NUMBERS, random)
    let nth = Math.floor(random() * 40)
    return latin1(mail.toString('latin1').replace(/\d+/g, (digits) => (nth-- === 0 ? number : digits)))
  },
  function otherLineBreaks(mail, random) {
    return latin1(
      mail.toString('latin1').replaceAll('\r\n', pick(['\n', '\r', '\r\r\n', '\n\n', ' \r\n', '\r\n '], random)),
    )
  },
  function wrap(mail, random) {
    const depth = 1 + Math.floor(random() ** 3 * 120)
    const kind = pick(['multipart/mixed', 'multipart/alternative', 'multipart/digest', 'multipart/related'], random)
    let head = ''
    for (let level = 0; level < depth; level++)
      head += `Content-Type: ${kind}; boundary=w${level}\r\n\r\n--w${level}\r\n`
    return Buffer.concat([latin1(head), mail])
  },
  function wrapMessage(mail, random) {
    return random() < 0.5
      ? Buffer.concat([latin1('Content-Type: message/rfc822\r\n\r\n'), mail])
      : latin1(`Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n${mail.toString('base64')}`)
  },
]

/** A mail made of the seeds by one to four mutations. */
export function mutateMail(seeds: readonly Buffer[], random: Random): Buffer {
  let mail = pick(seeds, random)
  for (let count = 1 + Math.floor(random() * 4); count > 0; count--) {
    mail = pick(MUTATIONS, random)(mail, random, seeds).subarray(0, MAX_MAIL_BYTES)
  }
  return mail
}
