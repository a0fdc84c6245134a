import assert from 'node:assert/strict'
import {test} from 'node:test'
import {resolverAddress} from '../../src/lib/cli/resolver-address.ts'
import {PostdeskError} from '../../src/lib/errors.ts'

test('POSTDESK_RESOLVER is an address and a port', () => {
  assert.equal(resolverAddress({}), null)
  assert.equal(resolverAddress({POSTDESK_RESOLVER: ''}), null)
  assert.deepEqual(resolverAddress({POSTDESK_RESOLVER: '192.0.2.1:53'}), {host: '192.0.2.1', port: 53})
  assert.deepEqual(resolverAddress({POSTDESK_RESOLVER: 'localhost:5353'}), {host: '127.0.0.1', port: 5353})
  assert.deepEqual(resolverAddress({POSTDESK_RESOLVER: '[::1]:53'}), {host: '::1', port: 53})
})

test('anything else is refused', () => {
  for (const text of [
    '192.0.2.1',
    'dns.example:53',
    '::1:53',
    '[192.0.2.1]:53',
    '192.0.2.1:0',
    '192.0.2.1:65536',
    '[::1]',
    ':53',
    '192.0.2.1:53 ',
  ])
    assert.throws(
      () => resolverAddress({POSTDESK_RESOLVER: text}),
      (error) => error instanceof PostdeskError && error.exitCode === 64,
      text,
    )
})
