import assert from 'node:assert/strict'
import {test} from 'node:test'
import {readCapabilities} from '../../src/lib/smtp/capabilities.ts'

test('mechanisms, the largest size and SMTPUTF8 are read from a reply to EHLO, in any case', () => {
  const reply =
    '250-mx.example AUTH SIZE 5\n250-size 35882577\n250-AUTH=LOGIN PLAIN\n250-auth plain xoauth2\n250 smtputf8'
  assert.deepEqual(readCapabilities(reply), {
    mechanisms: ['LOGIN', 'PLAIN', 'XOAUTH2'],
    size: 35_882_577,
    smtpUtf8: true,
  })
})

test('a server without extensions, and one that names no largest size', () => {
  const none = {mechanisms: null, size: null, smtpUtf8: false}
  assert.deepEqual(readCapabilities('250 mx.example'), none)
  assert.deepEqual(readCapabilities('250-mx.example\r\n250 SIZE'), none)
  assert.deepEqual(readCapabilities('250-mx.example\r\n250-SIZE 0\r\n250 AUTH'), {...none, mechanisms: []})
})
