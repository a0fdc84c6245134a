import assert from 'node:assert/strict'
import {createHash} from 'node:crypto'
import {describe, test} from 'node:test'
import {decodePart} from '../../src/lib/message/decode-part.ts'
import {parseMessage} from '../../src/lib/message/parse.ts'
import {readCms} from '../../src/lib/message/signed-data.ts'
import {lines} from './mail.ts'

/** An element of DER; `null` for the length makes it one of indefinite length. */
function der(tag: number, content: Buffer, indefinite = false): Buffer {
  if (indefinite) return Buffer.concat([Buffer.from([tag, 0x80]), content, Buffer.from([0, 0])])
  const {length} = content
  const size = length < 0x80 ? [length] : length < 0x10000 ? [0x82, length >> 8, length & 0xff] : [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff] // prettier-ignore
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const DATA = oid('2a864886f70d010701')

/** A signed message as far as the content: what follows is of no interest here. */
function signed(content: Buffer, form: 'whole' | 'pieces'): Buffer {
  const indefinite = form === 'pieces'
  const octets = indefinite
    ? der(0x24, Buffer.concat([der(0x04, content.subarray(0, 50)), der(0x04, content.subarray(50))]), true)
    : der(0x04, content)
  const encapsulated = der(0x30, Buffer.concat([DATA, der(0xa0, octets, indefinite)]), indefinite)
  const version = der(0x02, Buffer.from([1]))
  const algorithms = der(0x31, der(0x30, oid('608648016503040201')))
  const data = der(0x30, Buffer.concat([version, algorithms, encapsulated, der(0x31, Buffer.alloc(0))]), indefinite)
  return der(0x30, Buffer.concat([oid('2a864886f70d010702'), der(0xa0, data, indefinite)]), indefinite)
}
const enveloped = der(0x30, Buffer.concat([oid('2a864886f70d010703'), der(0xa0, Buffer.alloc(20))]))

const smime = (bytes: Buffer, parameters = '') =>
  Buffer.from(
    lines(
      `Content-Type: application/pkcs7-mime; name=smime.p7m${parameters}`,
      'Content-Transfer-Encoding: base64',
      '',
      bytes.toString('base64').replace(/.{76}/g, '$&\r\n'),
    ),
  )

const inner = Buffer.from(
  lines(
    'Content-Type: multipart/mixed; boundary=i',
    '',
    '--i',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'f=C3=BCr Sie',
    '--i',
    'Content-Type: text/csv; name=a.csv',
    'Content-Transfer-Encoding: base64',
    '',
    'YTti',
    '--i--',
  ),
)

describe('S/MIME', () => {
  test('what was signed is read, and its attachments have places', () => {
    const raw = smime(signed(inner, 'whole'), '; smime-type=signed-data')
    const {message, body} = parseMessage(raw)
    assert.equal(body.text, 'für Sie')
    assert.deepEqual(message.security, {kind: 'smime', signed: true, encrypted: false})
    const [attachment, ...others] = message.attachments
    assert.ok(attachment)
    assert.deepEqual([attachment.part, attachment.filename, others.length], ['1.2', 'a.csv', 0])
    assert.equal(decodePart(raw, attachment).toString(), 'a;b')
    assert.equal(createHash('sha256').update('a;b').digest('hex'), attachment.sha256)
  })
  test('what was signed in pieces is read, and the message itself stays the attachment', () => {
    const {message, body} = parseMessage(smime(signed(inner, 'pieces')))
    assert.equal(body.text, 'für Sie')
    assert.deepEqual(
      message.attachments.map(({filename}) => filename),
      ['smime.p7m'],
    )
  })
  test('what is encrypted is said to be', () => {
    const {message, body} = parseMessage(smime(enveloped))
    assert.deepEqual(message.security, {kind: 'smime', signed: false, encrypted: true})
    assert.deepEqual([body.text, message.attachments.length], ['', 1])
    assert.equal(parseMessage(smime(Buffer.from('junk'))).message.security?.encrypted, true)
    assert.equal(parseMessage(smime(Buffer.from('junk'), '; smime-type=signed-data')).message.security?.signed, true)
  })
  test('what is signed within what is signed is read to a bound', () => {
    let raw = inner
    for (let depth = 0; depth < 5; depth++) raw = smime(signed(raw, 'whole'))
    const {message, body} = parseMessage(raw)
    assert.equal(body.text, '')
    const [attachment] = message.attachments
    assert.ok(attachment)
    assert.equal(attachment.filename, 'smime.p7m')
    assert.equal(decodePart(raw, attachment)[0], 0x30)
  })
  test('bytes that end anywhere are no error', () => {
    for (const form of ['whole', 'pieces'] as const) {
      const bytes = signed(inner, form)
      for (let end = 0; end < bytes.length; end++) readCms(bytes.subarray(0, end))
    }
  })
})

describe('signatures and OpenPGP', () => {
  const multipart = (type: string, ...parts: readonly string[]) =>
    parseMessage(
      Buffer.from(
        lines(`Content-Type: multipart/${type}; boundary=b`, '', ...parts.flatMap((part) => ['--b', part]), '--b--'),
      ),
    ).message

  test('detached signatures are marked', () => {
    for (const [type, kind] of [
      ['application/pgp-signature', 'pgp'],
      ['application/pkcs7-signature', 'smime'],
      ['application/x-pkcs7-signature', 'smime'],
    ] as const) {
      const {security, attachments} = multipart('signed', '\r\ntext', `Content-Type: ${type}; name=s\r\n\r\nx`)
      assert.deepEqual(security, {kind, signed: true, encrypted: false})
      assert.deepEqual(
        attachments.map(({role}) => role),
        ['signature'],
      )
    }
  })
  test('encrypted and inline messages are said to be', () => {
    const {security} = multipart('encrypted', 'Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1', 'Content-Type: application/octet-stream\r\n\r\nx') // prettier-ignore
    assert.deepEqual(security, {kind: 'pgp', signed: false, encrypted: true})
    const inline = (kind: string) =>
      parseMessage(Buffer.from(`Subject: x\r\n\r\n-----BEGIN PGP ${kind}-----\r\n\r\nx`)).message.security
    assert.deepEqual(inline('MESSAGE'), {kind: 'pgp', signed: false, encrypted: true})
    assert.deepEqual(inline('SIGNED MESSAGE'), {kind: 'pgp', signed: true, encrypted: false})
    assert.equal(inline('PUBLIC KEY BLOCK'), null)
    assert.equal(parseMessage(Buffer.from('Subject: x\n\n> -----BEGIN PGP MESSAGE-----')).message.security, null)
  })
})
