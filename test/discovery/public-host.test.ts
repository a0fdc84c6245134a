import assert from 'node:assert/strict'
import {test} from 'node:test'
import {isPublicAddress, publicHost} from '../../src/lib/discovery/public-host.ts'

test('public addresses are told from private, reserved and disguised ones', () => {
  for (const address of ['9.9.9.9', '100.63.255.255', '172.32.0.1', '2620:fe::9', '2a00:1450:4001::1'])
    assert.ok(isPublicAddress(address), address)
  const others = [
    ...[
      '0.0.0.0',
      '10.1.2.3',
      '100.64.0.1',
      '127.0.0.1',
      '127.9.9.9',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
    ],
    ...['192.168.0.1', '192.0.2.1', '198.18.0.1', '224.0.0.1', '255.255.255.255', '::', '::1', '::ffff:127.0.0.1'],
    ...['::ffff:9.9.9.9', '64:ff9b::7f00:1', '64:ff9b::909:909', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd00::1'],
    ...[
      'ff02::1',
      '2001:db8::1',
      '2001::1',
      '2002:7f00:1::',
      '3fff::1',
      '',
      'localhost',
      '9.9.9',
      '0x7f.1',
      '2130706433',
    ],
  ]
  for (const address of others) assert.ok(!isPublicAddress(address), address)
})

test('a host is a full public name, in lower case and without the last dot', () => {
  assert.equal(publicHost('SMTP.Acme.example.'), 'smtp.acme.example')
  assert.equal(publicHost('xn--mller-kva.example'), 'xn--mller-kva.example')
  const others = [
    ...['', '.', 'localhost', 'smtp', 'smtp.local', 'db.internal', 'a.localhost', 'printer.lan', 'nas.home.arpa'],
    ...['127.0.0.1', '127.1', '0x7f.0x1', '[::1]', '::1', 'a b.example', 'a..example', '-a.example', 'a_b.example'],
    ...[
      'ä.example',
      'a.example/x',
      'a.example:25',
      'a@b.example',
      `${'a'.repeat(64)}.example`,
      `${'a.'.repeat(130)}example`,
    ],
  ]
  for (const name of others) assert.equal(publicHost(name), null, name)
})
