import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {readAddresses} from '../../src/lib/message/addresses.ts'

/** Addresses as `name|address`. */
const cases: readonly (readonly [string, readonly string[]])[] = [
  ['', []],
  ['a@x.example', ['|a@x.example']],
  ['A B <a@X.Example>, <b@y.example>', ['A B|a@x.example', '|b@y.example']],
  ['"B, A" <a@x.example>', ['B, A|a@x.example']],
  ['"A \\"the\\" B" <a@x.example>', ['A "the" B|a@x.example']],
  ['B, A <a@x.example>, c@x.example', ['B, A|a@x.example', '|c@x.example']],
  ['a@x.example (A (b) B)', ['A (b) B|a@x.example']],
  ['A (Sales) <a@x.example>', ['A (Sales)|a@x.example']],
  ['A (B <a@x.example>', ['A (B|a@x.example']],
  ['"A B <a@x.example>', ['A B|a@x.example']],
  ['A <a@x.example', ['A|a@x.example']],
  ['A <<a@x.example>>', ['A|a@x.example']],
  ['A <a@x.example> B <b@x.example>', ['A|a@x.example', 'B|b@x.example']],
  ['<a@x.example> (A)', ['A|a@x.example']],
  ['a@x.example; b@x.example', ['|a@x.example', '|b@x.example']],
  ['a@x.example b@x.example', ['|a@x.example', '|b@x.example']],
  ['Team: a@x.example, "B" <b@x.example>;, c@x.example', ['|a@x.example', 'B|b@x.example', '|c@x.example']],
  ['undisclosed-recipients:;', []],
  ['Re: ticket <a@x.example>', ['Re: ticket|a@x.example']],
  ['a@y.example via List <list@x.example>', ['a@y.example via List|list@x.example']],
  ['<@a.example,@b.example:a@x.example>', ['|a@x.example']],
  ['<mailto:a@x.example>, mailto:b@x.example', ['|a@x.example', '|b@x.example']],
  ['a @ x . example', ['|a@x.example']],
  ['"a b"@x.example, <"c, d"@x.example>', ['|"a b"@x.example', '|"c, d"@x.example']],
  ['a@[192.0.2.1], a@[IPv6:2001:db8::1]', ['|a@[192.0.2.1]', '|a@[ipv6:2001:db8::1]']],
  ['jörg@münchen.EXAMPLE', ['|jörg@münchen.example']],
  ['a@x.example.', ['|a@x.example']],
  ["'A' <a@x.example>", ['A|a@x.example']],
  ['=?utf-8?Q?B,_A?= <a@x.example>', ['B, A|a@x.example']],
  ['"=?utf-8?Q?J=C3=B6rg?=" <a@x.example>', ['Jörg|a@x.example']],
  ['a@x.example (=?utf-8?Q?J=C3=B6rg?=)', ['Jörg|a@x.example']],
  // No names of machines, and nothing that only might be meant.
  ['MAILER-DAEMON, <>, <root>, nobody', []],
  ['A <a b@x.example>, <a@@x.example>, a@b@x.example, @x.example, a@', []],
  // What is encoded or quoted is never an address.
  ['=?utf-8?Q?evil@x.example?=', []],
  ['=?utf-8?Q?evil=40x.example=2C?= <a@x.example>', ['evil@x.example,|a@x.example']],
  ['=?utf-8?Q?A_=3Cevil=40x.example=3E?= <a@x.example>', ['A <evil@x.example>|a@x.example']],
  ['"evil@x.example" <a@x.example>', ['evil@x.example|a@x.example']],
  ['"evil@x.example, "', []],
  ['(evil@x.example) a@x.example', ['evil@x.example|a@x.example']],
  ['"evil@x.example x"@y.example', ['|"evil@x.example x"@y.example']],
  ['=?utf-8?Q?=0D=0ABcc:_evil=40x.example?= <a@x.example>', ['Bcc: evil@x.example|a@x.example']],
]

describe('addresses', () => {
  for (const [text, expected] of cases) {
    test(JSON.stringify(text), () =>
      assert.deepEqual(
        readAddresses(text).map(({name, address}) => `${name}|${address}`),
        expected,
      ),
    )
  }

  test('of a list that is folded', () => {
    assert.deepEqual(readAddresses('A\r\n\t<a@x.example>,\r\n b@x.example'), [
      {name: 'A', address: 'a@x.example'},
      {name: '', address: 'b@x.example'},
    ])
  })
})
