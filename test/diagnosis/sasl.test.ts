import assert from 'node:assert/strict'
import {test} from 'node:test'
import {chooseMechanism, saslClient} from '../../src/lib/diagnosis/sasl.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const smtp = (...mechanisms: string[]) => ({mechanisms, loginCommand: false})

test('the best mechanism for a password is taken, and nothing that takes a token', () => {
  const chosen = (offer: ReturnType<typeof smtp>) => chooseMechanism(offer, null).mechanism
  assert.equal(chosen(smtp('XOAUTH2', 'CRAM-MD5', 'LOGIN', 'PLAIN')), 'PLAIN')
  assert.equal(chosen(smtp('XOAUTH2', 'CRAM-MD5', 'LOGIN')), 'LOGIN')
  assert.equal(chosen(smtp('NTLM', 'CRAM-MD5')), 'CRAM-MD5')
  assert.deepEqual(chooseMechanism(smtp('GSSAPI', 'XOAUTH2'), null), {mechanism: null, takesTokens: true})
  assert.deepEqual(chooseMechanism(smtp('OAUTHBEARER'), null), {mechanism: null, takesTokens: true})
  assert.deepEqual(chooseMechanism(smtp('GSSAPI', 'NTLM'), null), {mechanism: null, takesTokens: false})
})

test('the mechanism that is asked for is the only one', () => {
  const offer = smtp('PLAIN', 'CRAM-MD5')
  assert.deepEqual(chooseMechanism(offer, 'CRAM-MD5'), {
    mechanism: 'CRAM-MD5',
    byCommand: false,
    why: 'the one that was asked for',
  })
  assert.deepEqual(chooseMechanism(offer, 'LOGIN'), {mechanism: null, takesTokens: false})
  assert.deepEqual(chooseMechanism(offer, 'XOAUTH2'), {mechanism: null, takesTokens: false})
})

test('the command LOGIN of IMAP is the last way, and one of its own', () => {
  const chosen = (loginCommand: boolean, mechanisms: string[], asked: string | null = null) => {
    const choice = chooseMechanism({mechanisms, loginCommand}, asked)
    return choice.mechanism === null ? choice.takesTokens : [choice.mechanism, choice.byCommand]
  }
  assert.deepEqual(chosen(true, ['PLAIN']), ['PLAIN', false])
  // LOGINDISABLED bars the command, and no mechanism (imapflow#275).
  assert.deepEqual(chosen(false, ['PLAIN']), ['PLAIN', false])
  assert.deepEqual(chosen(true, ['XOAUTH2']), ['LOGIN', true])
  assert.deepEqual(chosen(true, ['PLAIN'], 'LOGIN'), ['LOGIN', true])
  assert.deepEqual(chosen(true, ['PLAIN', 'LOGIN'], 'LOGIN'), ['LOGIN', false])
  assert.equal(chosen(false, ['XOAUTH2']), true)
})

test('PLAIN and LOGIN say user and password in their order, and then nothing more', () => {
  const plain = saslClient('PLAIN', 'tim', 'pässword')
  assert.equal(plain.initial, base64('\0tim\0pässword'))
  assert.equal(plain.answer(''), base64('\0tim\0pässword'))
  assert.equal(plain.answer(''), null)
  const login = saslClient('LOGIN', 'tim', 'tanstaaf')
  assert.equal(login.initial, null)
  assert.deepEqual(
    [login.answer('VXNlcm5hbWU6'), login.answer('UGFzc3dvcmQ6'), login.answer('')],
    [base64('tim'), base64('tanstaaf'), null],
  )
})

test('CRAM-MD5 answers as the example of RFC 2195 does', () => {
  const client = saslClient('CRAM-MD5', 'tim', 'tanstaaftanstaaf')
  assert.equal(client.initial, null)
  assert.equal(
    client.answer('PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+'),
    'dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw',
  )
})
