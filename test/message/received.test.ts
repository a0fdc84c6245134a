import assert from 'node:assert/strict'
import {test} from 'node:test'
import {readHops, type Hop} from '../../src/lib/message/received.ts'

const hopsOf = (...values: readonly string[]) => readHops(values.map((value) => ({name: 'received', value})))
const hopOf = (value: string): Hop => hopsOf(value)[0]!

test('each server is read in the form in which it writes', () => {
  const forms: readonly [name: string, value: string, expected: Omit<Hop, 'delayMs'>][] = [
    [
      'Postfix',
      'from mail.provider.example (mail.provider.example [192.0.2.7]) by mx.acme.example (Postfix) with ESMTPS id 4f for <support@acme.example>; Sun,  1 Mar 2026 09:00:05 +0100 (CET)',
      {
        from: 'mail.provider.example',
        ip: '192.0.2.7',
        by: 'mx.acme.example',
        with: 'ESMTPS',
        at: '2026-03-01T08:00:05.000Z',
      },
    ],
    [
      'Exim',
      'from [10.1.2.3] (helo=laptop) by mx.example with esmtpsa (TLS1.3) tls TLS_AES_256_GCM_SHA384 (Exim 4.98) (envelope-from <a@b.example>) id 1t-00; Sun, 01 Mar 2026 08:00:00 +0000',
      {
        from: '[10.1.2.3]',
        ip: '10.1.2.3',
        by: 'mx.example',
        with: 'esmtpsa tls TLS_AES_256_GCM_SHA384',
        at: '2026-03-01T08:00:00.000Z',
      },
    ],
    [
      'Exchange Online',
      'from AM0PR01MB1.eurprd01.prod.exchangelabs.com (2603:10a6:208:1::15) by DB7PR04MB2.eurprd04.prod.outlook.com (2603:10a6:10:2::16) with Microsoft SMTP Server (version=TLS1_2, cipher=TLS_ECDHE; x) id 15.20.9; Sun, 1 Mar 2026 08:00:00 +0000',
      {
        from: 'AM0PR01MB1.eurprd01.prod.exchangelabs.com',
        ip: '2603:10a6:208:1::15',
        by: 'DB7PR04MB2.eurprd04.prod.outlook.com',
        with: 'Microsoft SMTP Server',
        at: '2026-03-01T08:00:00.000Z',
      },
    ],
    [
      'Gmail, within itself',
      'by 2002:a17:906:1234:b0:a3 with SMTP id x1csp1; Sun, 1 Mar 2026 00:00:01 -0800 (PST)',
      {from: null, ip: null, by: '2002:a17:906:1234:b0:a3', with: 'SMTP', at: '2026-03-01T08:00:01.000Z'},
    ],
    [
      'Gmail, from outside',
      'from mail-ed1.google.com (mail-ed1.google.com. [209.85.208.41]) by mx.google.com with SMTPS id 4 for <a@b.example> (Google Transport Security); Sun, 01 Mar 2026 00:00:00 -0800 (PST)',
      {
        from: 'mail-ed1.google.com',
        ip: '209.85.208.41',
        by: 'mx.google.com',
        with: 'SMTPS',
        at: '2026-03-01T08:00:00.000Z',
      },
    ],
    [
      'qmail',
      '(qmail 12345 invoked by uid 89); 1 Mar 2026 08:00:00 -0000',
      {from: null, ip: null, by: null, with: null, at: '2026-03-01T08:00:00.000Z'},
    ],
    [
      'an IPv6 literal with its tag',
      'from a.example (unknown [IPv6:2001:db8::25]) by b.example with LMTP; Sun, 1 Mar 2026 08:00:00 GMT',
      {from: 'a.example', ip: '2001:db8::25', by: 'b.example', with: 'LMTP', at: '2026-03-01T08:00:00.000Z'},
    ],
    [
      'no address, no date',
      'from localhost by b.example with local',
      {from: 'localhost', ip: null, by: 'b.example', with: 'local', at: null},
    ],
  ]
  for (const [name, value, expected] of forms) assert.deepEqual(hopOf(value), {...expected, delayMs: null}, name)
})

test('a word of a clause is not taken for the next one, and a comment for nothing at all', () => {
  const hop = hopOf(
    'from x (by evil.example; Mon, 2 Mar 2026 01:00:00 +0000 \\) [203.0.113.9]) by mx.example with from by; Sun, 1 Mar 2026 08:00:00 +0000',
  )
  assert.deepEqual(
    [hop.from, hop.by, hop.with, hop.ip, hop.at],
    ['x', 'mx.example', 'from by', '203.0.113.9', '2026-03-01T08:00:00.000Z'],
  )
})

test('delays are those between neighbours, in the order of the way, and a wrong clock shows as a negative one', () => {
  const at = (time: string) => `from a by b; Sun, 1 Mar 2026 ${time} +0000`
  const hops = hopsOf(at('08:00:30'), at('07:59:50'), 'from a by b; yesterday, or so', at('08:00:00'))
  assert.deepEqual(
    hops.map(({delayMs}) => delayMs),
    [null, null, -10_000, 40_000],
    'the lowest field is the first hop',
  )
})

test('whatever stands there, reading it ends, and soon', () => {
  for (const value of [
    '',
    ';',
    '(',
    '((((',
    ')',
    '\\',
    'from',
    'from by via with id for',
    '('.repeat(1e6),
    'from '.repeat(1e5),
  ])
    assert.deepEqual(hopOf(value).at, null)
  assert.equal(hopsOf(...Array.from({length: 500}, () => 'from a by b')).length, 100)
  const began = performance.now()
  hopsOf(...Array.from({length: 100}, () => `from a (${'1:'.repeat(5000)}) by b; ${'1 '.repeat(5000)}`))
  assert.ok(performance.now() - began < 20_000)
})
