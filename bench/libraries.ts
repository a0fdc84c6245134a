/**
 * Words, addresses and time of postdesk's own reader beside two libraries: node bench/libraries.ts. The figures of
 * docs/adr/0010 are from here.
 */
import {simpleParser, type AddressObject} from 'mailparser'
import PostalMime from 'postal-mime'
import {parseFacts, parseMessage} from '../src/lib/message/parse.ts'
import {generateMail} from '../test/support/mail-generator.ts'
import {median} from './measure.ts'

interface Read {
  readonly subject: string
  /** Addresses of From as `name|address`. */
  readonly from: readonly string[]
}

/** What an odd field has to be read as: the field's bytes in Latin-1, and the text. */
const SUBJECTS: readonly (readonly [string, string, string])[] = [
  ['character split over two words', '=?utf-8?Q?=E2=82?= =?utf-8?Q?=AC?=', '€'],
  ['the same, B and then Q', '=?utf-8?B?4oI=?= =?utf-8?Q?=AC?=', '€'],
  ['ISO-2022-JP escapes split over words', '=?iso-2022-jp?B?GyRCJCI=?= =?iso-2022-jp?B?JCQbKEI=?=', 'あい'],
  ['language suffix', '=?utf-8*en?Q?=C3=A4?=', 'ä'],
  ['spaces within a word', '=?utf-8?Q?a b=C3=A4?=', 'a bä'],
  ['question mark within a word', '=?utf-8?Q?really?_=C3=A4?=', 'really? ä'],
  ['end missing', '=?utf-8?Q?cut=C3=A4', 'cutä'],
  ['no space between words', '=?utf-8?B?w6Q=?==?utf-8?B?w7Y=?=', 'äö'],
  ['unknown charset', '=?x-none?Q?f=FCr?=', 'für'],
  ['wrong charset', '=?utf-8?Q?f=FCr?=', 'für'],
  ['us-ascii that is UTF-8', '=?us-ascii?Q?f=C3=BCr?=', 'für'],
  ['UTF-7', '=?utf-7?Q?f+APw-r?=', 'für'],
  ['Korean beyond KS X 1001', '=?ks_c_5601-1987?B?jGM=?=', '똠'],
  ['padding in the middle', '=?utf-8?B?w6Q=w7Y=?=', 'äö'],
  ['raw Latin-1', 'f\xfcr', 'für'],
  ['raw UTF-8', 'f\xc3\xbcr', 'für'],
]

const FROMS: readonly (readonly [string, string, readonly string[]])[] = [
  ['unquoted comma', 'Doe, John <j@x.example>', ['Doe, John|j@x.example']],
  ['comma within a word', '=?utf-8?Q?Doe,_J?= <j@x.example>', ['Doe, J|j@x.example']],
  ['parentheses in a name', 'John (Sales) <j@x.example>', ['John (Sales)|j@x.example']],
  ['`@` in a name', 'a@y.example via List <l@x.example>', ['a@y.example via List|l@x.example']],
  ['word within quotes', '"=?utf-8?Q?J=C3=B6rg?=" <j@x.example>', ['Jörg|j@x.example']],
  ['word within a comment', 'j@x.example (=?utf-8?Q?J=C3=B6rg?=)', ['Jörg|j@x.example']],
  ['address in a word alone', '=?utf-8?Q?evil=40x.example?=', []],
  ['address in a word before another', '=?utf-8?Q?A=3Cevil=40y.example=3E?= <j@x.example>', ['A<evil@y.example>|j@x.example']],
  ['address in quotes alone', '"evil@x.example"', []],
  ['quoted local part', '"evil@y.example x"@x.example', ['|"evil@y.example x"@x.example']],
  ['group', 'T: a@x.example, B <b@x.example>;', ['|a@x.example', 'B|b@x.example']],
  ['undisclosed recipients', 'undisclosed-recipients:;', []],
  ['two without a comma', 'A <a@x.example> B <b@x.example>', ['A|a@x.example', 'B|b@x.example']],
  ['quote that is not closed', '"A B <a@x.example>', ['A B|a@x.example']],
  ['semicolons', 'a@x.example; b@x.example', ['|a@x.example', '|b@x.example']],
  ['route', '<@r.example:a@x.example>', ['|a@x.example']],
  ['no address at all', 'MAILER-DAEMON', []],
  ['colon in a name', 'Re: x <a@x.example>', ['Re: x|a@x.example']],
] // prettier-ignore

const READERS: Readonly<Record<string, (raw: Buffer) => Promise<Read> | Read>> = {
  postdesk: (raw) => {
    const {subject, from} = parseFacts(raw)
    return {subject, from: from.map(({name, address}) => `${name}|${address}`)}
  },
  'postal-mime': async (raw) => {
    const {subject = '', from} = await PostalMime.parse(raw)
    const members = from === undefined ? [] : (from.group ?? [from])
    return {subject, from: members.filter(({address}) => address).map(({name, address}) => `${name}|${address}`)}
  },
  mailparser: async (raw) => {
    const {subject = '', from} = await simpleParser(raw)
    return {subject, from: flatten(from?.value ?? [])}
  },
}

function flatten(addresses: AddressObject['value']): string[] {
  return addresses.flatMap(({name, address, group}) => (group ? flatten(group) : address ? [`${name}|${address}`] : []))
}

const names = Object.keys(READERS)
console.log(`| input | ${names.join(' | ')} |\n|---|${names.map(() => '---|').join('')}`)
const wrong = new Map(names.map((name) => [name, 0]))
const show = async (label: string, raw: Buffer, isRight: (read: Read) => boolean) => {
  const cells: string[] = []
  for (const [name, read] of Object.entries(READERS)) {
    const right = isRight(await read(raw))
    if (!right) wrong.set(name, wrong.get(name)! + 1)
    cells.push(right ? '✓' : '✗')
  }
  console.log(`| ${label} | ${cells.join(' | ')} |`)
}
for (const [label, field, expected] of SUBJECTS) {
  await show(label, Buffer.from(`Subject: ${field}\r\n\r\nx`, 'latin1'), ({subject}) => subject === expected)
}
for (const [label, field, expected] of FROMS) {
  await show(label, Buffer.from(`From: ${field}\r\n\r\nx`), ({from}) => from.join() === expected.join())
}
console.log(
  `| **wrong** of ${SUBJECTS.length + FROMS.length} | ${names.map((name) => wrong.get(name)).join(' | ')} |\n`,
)

const MAILS = Array.from({length: 300}, (_, index) => generateMail(index))
const ROUNDS = 9
const timed: Readonly<Record<string, (raw: Buffer) => unknown>> = {
  'postdesk, facts': parseFacts,
  'postdesk, with text': parseMessage,
  'postal-mime': (raw) => PostalMime.parse(raw),
  // All that can be switched off is.
  mailparser: (raw) => simpleParser(raw, {skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true, skipTextLinks: true}), // prettier-ignore
}
const size = MAILS.reduce((sum, {length}) => sum + length, 0) / MAILS.length
console.log(`milliseconds per message of ${(size / 1024).toFixed(0)} KB on average, Node ${process.version}`)
for (const [name, parse] of Object.entries(timed)) {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now()
    for (const raw of MAILS) await parse(raw)
    times.push((performance.now() - started) / MAILS.length)
  }
  console.log(name.padEnd(20), `${Math.min(...times).toFixed(3)}–${median(times).toFixed(3)}`)
}
