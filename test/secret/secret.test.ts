import assert from 'node:assert/strict'
import {Console} from 'node:console'
import {test} from 'node:test'
import {PassThrough} from 'node:stream'
import {inspect} from 'node:util'
import {Secret} from '../../src/lib/secret/secret.ts'

const VALUE = 'correct horse battery staple'

test('no ordinary way of printing shows the value', () => {
  const secret = new Secret(VALUE)
  const out = new PassThrough()
  const console = new Console(out)
  console.log(secret, {secret}, [secret])
  console.log('%s %o %O %j', secret, secret, secret, secret)
  console.dir({secret}, {showHidden: true, depth: 9})
  const error = new Error('failed', {cause: {login: secret}})
  const texts = [
    String(secret),
    JSON.stringify({secret}),
    inspect(secret, {showHidden: true, customInspect: true}),
    inspect(secret, {customInspect: false, showHidden: true}),
    inspect(error),
    JSON.stringify(error.cause),
    Object.values(secret).join(),
    JSON.stringify(structuredClone(secret)),
    (out.read() as Buffer).toString(),
  ]
  for (const text of texts) assert.ok(!text.includes(VALUE), text)
  assert.equal(secret.toString(), '[secret]')
  assert.equal(secret.reveal(), VALUE)
})

test('two secrets are compared by value', () => {
  assert.ok(new Secret('a').equals(new Secret('a')))
  assert.ok(!new Secret('a').equals(new Secret('b')))
})
