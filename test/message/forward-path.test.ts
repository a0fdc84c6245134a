import assert from 'node:assert/strict'
import {test} from 'node:test'
import {readForwardPath} from '../../src/lib/message/forward-path.ts'

test('the recipient, in whatever form an MTA hands it over', () => {
  for (const [text, address] of [
    ['ops@acme.example', 'ops@acme.example'],
    ['<ops@acme.example>', 'ops@acme.example'],
    [' <ops@acme.example> ', 'ops@acme.example'],
    ['<@relay.example,@other.example:ops@acme.example>', 'ops@acme.example'],
    ['ops@acme.example.', 'ops@acme.example'],
    ['"ops"@acme.example', 'ops@acme.example'],
    ['"o\\ps"@acme.example', 'ops@acme.example'],
    ['"the ops"@acme.example', '"the ops"@acme.example'],
    ['ops+t1@acme.example', 'ops+t1@acme.example'],
  ] as const)
    assert.equal(readForwardPath(text), address, text)
  for (const text of ['', 'ops', '<>', 'ops@', '@acme.example', 'a b@acme.example', 'a@b.example, c@d.example'])
    assert.equal(readForwardPath(text), null, text)
})
