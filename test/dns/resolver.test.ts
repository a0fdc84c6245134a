import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {createResolver} from '../../src/lib/dns/resolver.ts'
import {startDns} from '../support/dns-server.ts'

const code = (expected: string) => (error: unknown) => (error as {code?: string}).code === expected

describe('resolver', () => {
  test('answers with records of several strings, and over TCP with those too long for UDP', async (t) => {
    const long = 'x'.repeat(1000)
    const dns = await startDns(t, {
      'a.test': {txt: [['one', ' two'], 'three']},
      'long.test': {txt: [long], truncated: true},
    })
    const query = createResolver({address: dns.address})
    assert.deepEqual(await query('a.test', 'TXT'), [['one', ' two'], ['three']])
    const answer = (await query('long.test', 'TXT')) as string[][]
    assert.equal(answer[0]!.join(''), long)
    assert.deepEqual(dns.questions.slice(1), ['TXT long.test', 'tcp TXT long.test'])
  })

  test('answers with the fields of MX and SRV records, and the root as an empty name', async (t) => {
    const dns = await startDns(t, {
      'a.test': {mx: ['10 mx.a.test'], a: ['192.0.2.1'], aaaa: ['2001:db8:0:0:0:0:0:1']},
      'none.test': {mx: ['0 .']},
      '_submissions._tcp.a.test': {srv: ['1 5 465 smtp.a.test']},
    })
    const query = createResolver({address: dns.address})
    assert.partialDeepStrictEqual(await query('a.test', 'MX'), [{exchange: 'mx.a.test', priority: 10}])
    assert.partialDeepStrictEqual(await query('none.test', 'MX'), [{exchange: '', priority: 0}])
    assert.partialDeepStrictEqual(await query('_submissions._tcp.a.test', 'SRV'), [
      {name: 'smtp.a.test', port: 465, priority: 1, weight: 5},
    ])
    assert.deepEqual(await query('a.test', 'A'), ['192.0.2.1'])
    assert.deepEqual(await query('a.test', 'AAAA'), ['2001:db8::1'])
    await assert.rejects(query('a.test', 'TXT'), code('ENODATA'))
  })

  test('follows an alias, tells it where it is asked for, and answers with the fields of TLSA records', async (t) => {
    const dns = await startDns(t, {
      'alias.test': {cname: 'a.test'},
      'dangling.test': {cname: 'gone.test'},
      'a.test': {txt: ['v']},
      '_25._tcp.a.test': {tlsa: ['3 1 1 abcd']},
    })
    const query = createResolver({address: dns.address})
    assert.deepEqual(await query('alias.test', 'TXT'), [['v']])
    assert.deepEqual(await query('alias.test', 'CNAME'), ['a.test'])
    await assert.rejects(query('dangling.test', 'TXT'), code('ENOTFOUND'))
    assert.deepEqual(await query('dangling.test', 'CNAME'), ['gone.test'])
    const [record] = await query('_25._tcp.a.test', 'TLSA')
    assert.partialDeepStrictEqual(record, {certUsage: 3, selector: 1, match: 1})
    assert.deepEqual(Buffer.from(record!.data), Buffer.from('abcd', 'hex'))
  })

  test('tells what is not there from what is not known', async (t) => {
    const dns = await startDns(t, {'empty.test': 'no-data', 'broken.test': 'servfail', 'silent.test': 'silence'})
    const query = createResolver({address: dns.address, queryTimeoutMs: 300})
    await assert.rejects(query('none.test', 'TXT'), code('ENOTFOUND'))
    await assert.rejects(query('empty.test', 'TXT'), code('ENODATA'))
    await assert.rejects(query('broken.test', 'TXT'), code('ESERVFAIL'))
    const started = performance.now()
    await assert.rejects(query('silent.test', 'TXT'), code('ETIMEOUT'))
    assert.ok(performance.now() - started < 1000)
  })

  test('asks once for what it has asked, in whatever letters, and again once that is old', async (t) => {
    const dns = await startDns(t, {'a.test': {txt: ['v']}, 'broken.test': 'servfail'})
    let now = 0
    const query = createResolver({address: dns.address, elapsed: () => now})
    await Promise.all([query('a.test', 'TXT'), query('A.Test.', 'TXT')])
    await query('a.test', 'TXT')
    await assert.rejects(query('none.test', 'TXT'), code('ENOTFOUND'))
    await assert.rejects(query('none.test', 'TXT'), code('ENOTFOUND'))
    assert.deepEqual(dns.questions, ['TXT a.test', 'TXT none.test'])
    now = 6 * 60 * 1000
    await query('a.test', 'TXT')
    assert.equal(dns.questions.length, 3)
  })

  test('tries again soon what failed', async (t) => {
    const dns = await startDns(t, {'a.test': 'servfail'})
    let now = 0
    const query = createResolver({address: dns.address, elapsed: () => now})
    await assert.rejects(query('a.test', 'TXT'), code('ESERVFAIL'))
    const asked = dns.questions.length
    dns.zone.set('a.test', {txt: ['v']})
    await assert.rejects(query('a.test', 'TXT'), code('ESERVFAIL'))
    assert.equal(dns.questions.length, asked)
    now = 31_000
    assert.deepEqual(await query('a.test', 'TXT'), [['v']])
  })

  test('forgets what was not asked for the longest', async (t) => {
    const dns = await startDns(t)
    const query = createResolver({address: dns.address})
    const ask = (i: number) => query(`n${i}.test`, 'TXT').catch((error: unknown) => assert.ok(code('ENOTFOUND')(error)))
    for (let i = 0; i <= 1000; i++) await ask(i)
    assert.equal(dns.questions.length, 1001)
    await ask(1)
    assert.equal(dns.questions.length, 1001)
    await ask(0)
    assert.equal(dns.questions.length, 1002)
  })

  test('does not ask for what is no name', async (t) => {
    const dns = await startDns(t)
    const query = createResolver({address: dns.address})
    for (const name of [
      '',
      '.',
      'a b.test',
      'a..test',
      `${'x'.repeat(64)}.test`,
      `${'x.'.repeat(127)}test`,
      'a\0.test',
      'ä.test',
      '*.test',
    ])
      await assert.rejects(query(name, 'TXT'), code('ENOTFOUND'))
    assert.deepEqual(dns.questions, [])
  })

  test('refuses an answer larger than any record needs', async (t) => {
    const dns = await startDns(t, {'huge.test': {txt: Array.from({length: 40}, () => 'x'.repeat(255))}})
    await assert.rejects(createResolver({address: dns.address})('huge.test', 'TXT'), code('ETOOLARGE'))
  })

  test('leaves a silent resolver alone for a minute, and then asks again', async (t) => {
    const dns = await startDns(t)
    let now = 0
    const query = createResolver({address: dns.address, queryTimeoutMs: 100, elapsed: () => now})
    for (let i = 0; i < 6; i++) dns.zone.set(`s${i}.test`, 'silence')
    await Promise.all(Array.from({length: 5}, (_, i) => assert.rejects(query(`s${i}.test`, 'TXT'), code('ETIMEOUT'))))
    dns.zone.set('a.test', {txt: ['v']})
    await assert.rejects(query('a.test', 'TXT'), code('EBREAKER'))
    now = 61_000
    await assert.rejects(query('s5.test', 'TXT'), code('ETIMEOUT'))
    await assert.rejects(query('b.test', 'TXT'), code('EBREAKER'))
    now = 122_000
    assert.deepEqual(await query('a.test', 'TXT'), [['v']])
  })

  test('one who gives up does not take the answer from others', async (t) => {
    const dns = await startDns(t, {'a.test': {delayMs: 100, answer: {txt: ['v']}}})
    const query = createResolver({address: dns.address})
    const impatient = query('a.test', 'TXT', AbortSignal.timeout(10))
    const patient = query('a.test', 'TXT')
    await assert.rejects(impatient, code('ETIMEOUT'))
    assert.deepEqual(await patient, [['v']])
    assert.equal(dns.questions.length, 1)
  })
})
