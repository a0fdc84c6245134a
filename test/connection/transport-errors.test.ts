import assert from 'node:assert/strict'
import {test} from 'node:test'
import {IMAP, SMTP} from '../../src/lib/connection/protocol.ts'
import {connectError, handshakeError, transportError} from '../../src/lib/connection/transport-errors.ts'

const SERVER = {host: 'mail.acme.example', port: 993, security: 'tls'} as const

const thrown = (code: string, message = code) => Object.assign(new Error(message), {code})

/** Codes of the system and of TLS, and what they mean whenever they are thrown. */
const CODES = [
  ['ENOTFOUND', 'DNS_NOT_FOUND', 20],
  ['ENODATA', 'DNS_NO_ADDRESS', 20],
  ['ESERVFAIL', 'DNS_SERVFAIL', 20],
  ['EAI_AGAIN', 'DNS_UNAVAILABLE', 20],
  ['ECONNREFUSED', 'TCP_REFUSED', 21],
  ['ETIMEDOUT', 'TCP_TIMEOUT', 21],
  ['ENETUNREACH', 'TCP_UNREACHABLE', 21],
  ['ECONNRESET', 'TCP_RESET', 21],
  ['CERT_HAS_EXPIRED', 'TLS_CERTIFICATE_EXPIRED', 22],
  ['CERT_NOT_YET_VALID', 'TLS_CERTIFICATE_NOT_YET_VALID', 22],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'TLS_NAME_MISMATCH', 22],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TLS_SELF_SIGNED', 22],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'TLS_UNTRUSTED', 22],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'TLS_WRONG_MODE', 22],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'TLS_TOO_OLD', 22],
  ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', 'TLS_TOO_OLD', 22],
  ['ERR_SSL_EE_KEY_TOO_SMALL', 'TLS_KEY_WEAK', 22],
  ['ERR_SSL_TLSV1_UNRECOGNIZED_NAME', 'TLS_NAME_UNKNOWN', 22],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'TLS_CLIENT_CERTIFICATE', 22],
  ['ERR_SSL_BAD_RECORD', 'TLS_HANDSHAKE_FAILED', 22],
] as const

test('an error below the protocol is told by its code alone', () => {
  for (const [code, expected, exitCode] of CODES) {
    const parts = transportError(thrown(code), SERVER, IMAP)
    assert.deepEqual([parts?.code, parts?.exitCode], [expected, exitCode], code)
  }
  assert.equal(transportError(thrown('GREETING_TIMEOUT'), SERVER, IMAP), undefined)
})

test('a reset in the handshake is an error of TLS, also where only the words of Node tell', () => {
  const cut = thrown('ECONNRESET', 'Client network socket disconnected before secure TLS connection was established')
  assert.equal(transportError(cut, SERVER, IMAP)?.code, 'TLS_HANDSHAKE_FAILED')
  assert.match(handshakeError(thrown('ECONNRESET', 'read ECONNRESET'), SERVER, IMAP).why, /hung up/)
})

test('a port on which STARTTLS was agreed is not said to be of the wrong mode', () => {
  const starttls = {...SERVER, security: 'starttls'} as const
  const parts = transportError(thrown('ERR_SSL_WRONG_VERSION_NUMBER'), starttls, IMAP)
  assert.equal(parts?.code, 'TLS_HANDSHAKE_FAILED')
})

test('the ports that are named are those of the protocol', () => {
  const fixes = (protocol: typeof IMAP) => JSON.stringify(connectError(thrown('ECONNREFUSED'), SERVER, protocol).fixes)
  assert.match(fixes(IMAP), /993 .* 143 .*IMAP service/)
  assert.match(fixes(SMTP), /465 .* 587 .*SMTP service/)
})

test('what nothing is known of is 21 before the connection stands, and 22 after', () => {
  assert.deepEqual(
    [connectError, handshakeError].map((judge) => judge(thrown('EODD'), SERVER, SMTP).code),
    ['TCP_FAILED', 'TLS_HANDSHAKE_FAILED'],
  )
})
