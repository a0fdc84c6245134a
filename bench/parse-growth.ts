/**
 * Whether the time to read a mail, and to tell what was read, grows faster than the mail: node bench/parse-growth.ts.
 * Each kind of oddity is made in sizes that double; the time per byte must not. Ends with 1 where it does.
 */
import {tell} from '../src/lib/explain-batch.ts'
import {parseMessage} from '../src/lib/message/parse.ts'
import {packRtf, writeTnef} from '../test/support/tnef-writer.ts'

/** Mail of about that many bytes. */
type Kind = (bytes: number) => string | Buffer

const FIRST_SIZE = 256 * 1024
const DOUBLINGS = 3
const RUNS = 5
/** The best of the runs differ by as much on a busy machine; what is quadratic is eight times slower per byte at the end. */
const MAX_GROWTH = 2.5

/** Nanoseconds per byte below which a difference says nothing. */
const NOISE = 20

const repeat = (unit: string, bytes: number) => unit.repeat(Math.ceil(bytes / unit.length))
const body = (text: string, type = 'text/plain') => `Content-Type: ${type}\r\n\r\n${text}`
const attached = (type: string, bytes: Buffer) =>
  `Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n\r\n${bytes.toString('base64')}`
const rtf = (text: string) => attached('application/ms-tnef', writeTnef({properties: [{id: 0x1009, value: packRtf(`{\\rtf1 ${text}}`)}]})) // prettier-ignore

const KINDS: Readonly<Record<string, Kind>> = {
  'plain text': (bytes) => body(repeat('Hello there, how are you?\r\n', bytes)),
  'text of one line': (bytes) => body(repeat('word ', bytes)),
  'text of line feeds': (bytes) => body(repeat('\n', bytes)),
  'damaged UTF-8': (bytes) => Buffer.from(body(repeat('\xfc\xc3\xa4', bytes), 'text/plain; charset=utf-8'), 'latin1'),
  'UTF-7': (bytes) => body(repeat('+AOQ-', bytes), 'text/plain; charset=utf-7'),
  'ISO-2022-KR': (bytes) => body(repeat('\x1b$)C\x0e0!\x0f', bytes), 'text/plain; charset=iso-2022-kr'),
  'quoted-printable spaces': (bytes) => `Content-Transfer-Encoding: quoted-printable\r\n\r\n${repeat(' ', bytes)}=`,
  'base64 of padding': (bytes) => `Content-Transfer-Encoding: base64\r\n\r\n${repeat('QQ==', bytes)}`,
  html: (bytes) => body(repeat('<p>a&amp;b<br>', bytes), 'text/html'),
  'html of open tags': (bytes) => body(repeat('<', bytes), 'text/html'),
  'html of quotes': (bytes) => body(repeat('<blockquote type=cite>a<br>b</blockquote>c', bytes), 'text/html'),
  'html of quotes in quotes': (bytes) => body(repeat('<blockquote class=gmail_quote>a', bytes), 'text/html'),
  'html of attributions': (bytes) => body(repeat('<div class="gmail_attr">a@b wrote:</div>', bytes), 'text/html'),
  'html of signatures': (bytes) => body(repeat('<div><span id=Signature>a</div>', bytes), 'text/html'),
  'html of earlier mail': (bytes) => body(repeat('<hr id=divRplyFwdMsg>From: a@b<br>', bytes), 'text/html'),
  'html of equals signs': (bytes) => body(`<a ${repeat('=', bytes)}>`, 'text/html'),
  'html of classes': (bytes) => body(`<p class="${repeat('x_a ', bytes)}">`, 'text/html'),
  'html of hidden elements': (bytes) => body(repeat('<style>', bytes), 'text/html'),
  'header fields': (bytes) => `${repeat('X-A: b\r\n', bytes)}\r\nbody`,
  'header lines that are none': (bytes) => `${repeat('no field\r\n', bytes)}\r\nbody`,
  'header of one fold': (bytes) => `Subject: a\r\n${repeat(' b\r\n', bytes)}\r\nbody`,
  'raw bytes in a header': (bytes) => Buffer.from(`${repeat('X-A: \xfc\r\n', bytes)}\r\nbody`, 'latin1'),
  References: (bytes) => `References: ${repeat('<a@b.example> ', bytes)}\r\n\r\nbody`,
  'References that are not closed': (bytes) => `References: ${repeat('<a@b', bytes)}\r\n\r\nbody`,
  parameters: (bytes) => `Content-Type: text/plain; ${repeat('a=b; ', bytes)}\r\n\r\nbody`,
  'parameters in pieces': (bytes) => `Content-Type: text/plain; ${repeat('name*1*=%41; ', bytes)}\r\n\r\nbody`,
  'comments in a parameter': (bytes) => `Content-Type: text/plain; a=${repeat('(', bytes)})\r\n\r\nbody`,
  'a value of words': (bytes) => `Content-Type: text/plain ${repeat('a ', bytes)}=\r\n\r\nbody`,
  'encoded words': (bytes) => `Subject: ${repeat('=?utf-8?Q?=C3=A4?= ', bytes)}\r\n\r\nbody`,
  'encoded words that are not closed': (bytes) => `Subject: ${repeat('=?utf-8?Q?', bytes)}\r\n\r\nbody`,
  'ends of encoded words': (bytes) => `Subject: =?utf-8?Q?${repeat('?=3D', bytes)}\r\n\r\nbody`,
  addresses: (bytes) => `To: ${repeat('A B <a@b.example>, ', bytes)}\r\n\r\nbody`,
  'addresses without an end': (bytes) => `To: ${repeat('<a@b', bytes)}\r\n\r\nbody`,
  'addresses of commas': (bytes) => `To: <${repeat('a,', bytes)}\r\n\r\nbody`,
  'addresses of quotes': (bytes) => `To: ${repeat('"a" ', bytes)}\r\n\r\nbody`,
  'addresses of parentheses': (bytes) => `To: ${repeat('(', bytes)}\r\n\r\nbody`,
  'addresses of at signs': (bytes) => `To: ${repeat('a@ ', bytes)}\r\n\r\nbody`,
  'addresses of colons': (bytes) => `To: ${repeat('a ', bytes / 2)}x@y${repeat(' :', bytes / 2)};\r\n\r\nbody`,
  'addresses of words': (bytes) => `To: ${repeat('=?a?q?b', bytes)}\r\n\r\nbody`,
  parts: (bytes) => `Content-Type: multipart/mixed; boundary=b\r\n\r\n${repeat('--b\r\n\r\nx\r\n', bytes)}`,
  'lines like boundaries': (bytes) => `Content-Type: multipart/mixed; boundary=b\r\n\r\n${repeat('--a\r\n', bytes)}`,
  depth: (bytes) => {
    const level = (n: number) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`
    return Array.from({length: Math.ceil(bytes / level(1000).length)}, (_, n) => level(n)).join('')
  },
  'messages in messages': (bytes) => repeat('Content-Type: message/rfc822\r\n\r\n', bytes),
  'flowed text': (bytes) => body(repeat('> flowed \r\n', bytes), 'text/plain; format=flowed'),
  'flowed quotes': (bytes) => body(repeat('>', bytes), 'text/plain; format=flowed'),
  'uuencoded text': (bytes) => body(`begin 644 a\r\n${repeat(`M${'A'.repeat(60)}\r\n`, bytes)}\`\r\nend\r\n`),
  'begins without files': (bytes) => body(repeat('begin 644 a\r\n', bytes)),
  'winmail.dat of one file': (bytes) => attached('application/ms-tnef', writeTnef({files: [{title: 'a', data: Buffer.alloc(bytes)}]})), // prettier-ignore
  'winmail.dat of files': (bytes) => attached('application/ms-tnef', writeTnef({files: Array.from({length: bytes / 60}, () => ({title: 'a', data: Buffer.alloc(1)}))})), // prettier-ignore
  'winmail.dat of properties': (bytes) => attached('application/ms-tnef', writeTnef({properties: Array.from({length: bytes / 16}, () => ({id: 0x1000, value: ''}))})), // prettier-ignore
  'RTF text': (bytes) => rtf(repeat("f\\'fcr\\par ", bytes)),
  'RTF groups': (bytes) => rtf(repeat('{a}', bytes)),
  'RTF of open groups': (bytes) => rtf(repeat('{', bytes)),
  'RTF of Unicode': (bytes) => rtf(repeat('\\u252?', bytes)),
  calendar: (bytes) =>
    body(`BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n${repeat('ATTENDEE;CN="a":b\r\n', bytes)}`, 'text/calendar'),
  'calendar of one fold': (bytes) => body(`BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:${repeat('\r\n a', bytes)}`, 'text/calendar'), // prettier-ignore
  'S/MIME in pieces': (bytes) => attached('application/pkcs7-mime', Buffer.from(`308006092a864886f70d010702a08030800201013100308006092a864886f70d010701a0802480${repeat('040141', bytes)}`, 'hex')), // prettier-ignore
  'quoted replies': (bytes) => body(repeat('On Tue, a <a@b.example> wrote:\r\n> x\r\n', bytes)),
  'quotes and answers': (bytes) => body(repeat('> quoted\r\n>\r\nanswer\r\n\r\n', bytes)),
  'quotes of one line': (bytes) => body(repeat('> ', bytes)),
  'attributions that are wrapped': (bytes) => body(repeat('On Tue, 3 Feb 2026 at 15:35, Anna\r\n<a@b.example>\r\nwrote:\r\n', bytes)), // prettier-ignore
  'lines that end as attributions': (bytes) => body(repeat('On 3 Feb 2026:\r\n', bytes)),
  'headers of earlier mail': (bytes) => body(repeat('From: a@b\r\nTo: b\r\nDate: c\r\nSubject: d\r\n\r\n', bytes)),
  'headers that break off': (bytes) => body(repeat('From: a\r\nTo: b\r\n', bytes)),
  signatures: (bytes) => body(repeat('-- \r\nBo\r\nSent from my iPhone\r\n', bytes)),
  'lines drawn across': (bytes) => body(repeat('-----\r\na\r\n', bytes)),
  'a forward of headers': (bytes) => `Subject: Fwd: a\r\n${body(repeat('From: a\r\nTo: b\r\n\r\n', bytes))}`,
  'a notice of recipients': (bytes) => `From: MAILER-DAEMON@b.example\r\nSubject: Undelivered Mail\r\n${body(repeat('<a@b.example>: host b.example said: 550 5.1.1 unknown (in reply to RCPT TO command)\r\n\r\n', bytes))}`, // prettier-ignore
  'a report of many recipients': (bytes) => `Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\n${repeat('<a@b.example>: 550 unknown\r\n', bytes / 2)}--b\r\nContent-Type: message/delivery-status\r\n\r\n${repeat('Final-Recipient: rfc822; a@b.example\r\nStatus: 5.1.1\r\n\r\n', bytes / 2)}`, // prettier-ignore
  'a report': (bytes) => `Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n${repeat('Final-Recipient: rfc822; a@b.example\r\nStatus: 5.1.1\r\n\r\n', bytes)}`, // prettier-ignore
}

let failed = false
console.log('ns per byte'.padEnd(36), Array.from({length: DOUBLINGS + 1}, (_, step) => `${(FIRST_SIZE / 1024) * 2 ** step} KB`.padStart(9)).join('')) // prettier-ignore
for (const [name, make] of Object.entries(KINDS)) {
  const costs = Array.from({length: DOUBLINGS + 1}, (_, step) => {
    const raw = Buffer.from(make(FIRST_SIZE * 2 ** step))
    return (Math.min(...Array.from({length: RUNS}, () => millisecondsOf(raw))) * 1e6) / raw.length
  })
  // What stays below some 20 ns is hashing and scanning, whose speed is that of the caches.
  const grows = Math.max(...costs) > MAX_GROWTH * Math.max(costs[0]!, NOISE)
  failed ||= grows
  console.log(name.padEnd(36), costs.map((cost) => cost.toFixed(1).padStart(9)).join(''), grows ? '  GROWS' : '')
}
if (failed) process.exitCode = 1

function millisecondsOf(raw: Buffer): number {
  const started = performance.now()
  tell(parseMessage(raw))
  return performance.now() - started
}
