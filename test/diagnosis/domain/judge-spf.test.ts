import assert from 'node:assert/strict'
import {describe, test, type TestContext} from 'node:test'
import {spf} from 'mailauth/lib/spf/index.js'
import {createAsk} from '../../../src/lib/diagnosis/domain/ask.ts'
import {
  countLookups,
  defectsOfTree,
  evaluateSpf,
  nodesOf,
  unknownPart,
  voidLookups,
} from '../../../src/lib/diagnosis/domain/judge-spf.ts'
import {fetchSpfTree} from '../../../src/lib/diagnosis/domain/spf-tree.ts'
import {createResolver, type RecordType} from '../../../src/lib/dns/resolver.ts'
import {type Script, startDns} from '../../support/dns-server.ts'

type Zone = Record<string, Script>

async function treeOf(t: TestContext, zone: Zone, domain = 'a.test') {
  const dns = await startDns(t, zone)
  const query = createResolver({address: dns.address, queryTimeoutMs: 300})
  const {signal} = new AbortController()
  return {tree: await fetchSpfTree(domain, createAsk(query, signal, signal)), query, questions: dns.questions}
}

const txt = (...terms: readonly string[]): Script => ({txt: [['v=spf1', ...terms].join(' ')]})

describe('SPF of a tree of records', () => {
  test('lookups are those of all records together, and each include counts as often as it stands there', async (t) => {
    const {tree, questions} = await treeOf(t, {
      'a.test': txt(
        'include:b.test',
        'include:b.test',
        'mx',
        'a:c.test',
        'ip4:192.0.2.1',
        'exists:%{i}.x.test',
        '-all',
      ),
      'b.test': txt('a:c.test', 'redirect=d.test'),
      'c.test': {a: ['192.0.2.2']},
      'd.test': txt('ip4:192.0.2.3', '~all'),
    })
    assert.equal(countLookups(tree), 1 + 2 + 1 + 2 + 1 + 1 + 1)
    // What is known is not asked again.
    assert.equal(new Set(questions).size, questions.length)
  })

  test('the tenth lookup is allowed, the eleventh is not', async (t) => {
    const hosts = Object.fromEntries(Array.from({length: 11}, (_, i) => [`h${i}.test`, {a: ['192.0.2.9']}]))
    const terms = Object.keys(hosts).map((host) => `a:${host}`)
    const ten = await treeOf(t, {...hosts, 'a.test': txt(...terms.slice(0, 10), '-all')})
    assert.deepEqual(defectsOfTree(ten.tree), [])
    assert.equal(evaluateSpf(ten.tree, '198.51.100.1'), 'fail')
    const eleven = await treeOf(t, {...hosts, 'a.test': txt(...terms, '-all')})
    assert.deepEqual(
      defectsOfTree(eleven.tree).map(({code}) => code),
      ['SPF_TOO_MANY_LOOKUPS'],
    )
    assert.equal(evaluateSpf(eleven.tree, '198.51.100.1'), 'permerror')
    // Who matches before the limit passes all the same (RFC 7208 4.6.4).
    assert.equal(evaluateSpf(eleven.tree, '192.0.2.9'), 'pass')
  })

  test('what costs most is named first', async (t) => {
    const {tree} = await treeOf(t, {
      'a.test': txt('mx', 'include:small.test', 'include:large.test', '-all'),
      'small.test': txt('a:x.test', '-all'),
      'large.test': txt(...Array.from({length: 9}, (_, i) => `a:x${i}.test`), '-all'),
    })
    assert.match(
      defectsOfTree(tree)[0]!.why,
      /13 lookups, and 10 are allowed: include:large\.test 10, include:small\.test 2, mx 1/,
    )
  })

  test('more than two lookups that find nothing are too many', async (t) => {
    const two = await treeOf(t, {'a.test': txt('a:x.test', 'mx:y.test', 'ip4:192.0.2.1', '-all')})
    assert.deepEqual(defectsOfTree(two.tree), [])
    assert.deepEqual(voidLookups(two.tree), ['a:x.test (in a.test)', 'mx:y.test (in a.test)'])
    const three = await treeOf(t, {'a.test': txt('a:x.test', 'mx:y.test', 'exists:z.test', '-all')})
    assert.deepEqual(
      defectsOfTree(three.tree).map(({code}) => code),
      ['SPF_TOO_MANY_VOID_LOOKUPS'],
    )
    assert.equal(evaluateSpf(three.tree, '192.0.2.1'), 'permerror')
  })

  test('circles end, and are told', async (t) => {
    const {tree, questions} = await treeOf(t, {
      'a.test': txt('include:b.test', '-all'),
      'b.test': txt('include:a.test', 'redirect=b.test'),
    })
    assert.deepEqual(
      defectsOfTree(tree).map(({code, why}) => `${code} ${why}`),
      [
        'SPF_LOOP include:a.test (in b.test) leads back to where it came from',
        'SPF_LOOP redirect=b.test (in b.test) leads back to where it came from',
      ],
    )
    assert.equal(questions.length, 2)
    assert.equal(evaluateSpf(tree, '192.0.2.1'), 'permerror')
  })

  test('a record that grows without end costs a bounded number of questions', async (t) => {
    const zone: Zone = {}
    // Each of ten includes ten others: 10^6 in six steps.
    for (let level = 0; level < 6; level++)
      for (let i = 0; i < 10; i++)
        zone[`l${level}n${i}.test`] = txt(
          ...Array.from({length: 10}, (_, next) => `include:l${level + 1}n${next}.test`),
          '-all',
        )
    zone['a.test'] = txt('include:l0n0.test', '-all')
    const {tree, questions} = await treeOf(t, zone)
    assert.ok(questions.length <= 250, `${questions.length}`)
    assert.ok(nodesOf(tree).length < 3000, `${nodesOf(tree).length}`)
    assert.match(defectsOfTree(tree)[0]!.why, /more than \d+ lookups/)
  })

  test('more than ten mail exchangers of one mx are too many', async (t) => {
    const hosts = Object.fromEntries(Array.from({length: 11}, (_, i) => [`m${i}.test`, {a: ['192.0.2.9']}]))
    const {tree} = await treeOf(t, {
      ...hosts,
      'a.test': {txt: ['v=spf1 mx -all'], mx: Object.keys(hosts).map((host) => `10 ${host}`)},
    })
    assert.deepEqual(
      defectsOfTree(tree).map(({code}) => code),
      ['SPF_TOO_MANY_EXCHANGERS'],
    )
    assert.equal(evaluateSpf(tree, '192.0.2.9'), 'permerror')
  })

  test('references to what is no record are told, wherever they stand', async (t) => {
    const {tree} = await treeOf(t, {
      'a.test': txt('include:b.test', 'redirect=none.test'),
      'b.test': txt('include:two.test', 'include:bad.test', '-all'),
      'two.test': {txt: ['v=spf1 mx -all', 'v=spf1 a -all']},
      'bad.test': txt('ip5:1', '-all'),
    })
    assert.deepEqual(
      defectsOfTree(tree).map(({code, why}) => `${code} ${why}`),
      [
        'SPF_REDIRECT_BROKEN redirect=none.test (in a.test): none.test has no SPF record',
        'SPF_INCLUDE_BROKEN include:two.test (in b.test): two.test has 2 SPF records',
        'SPF_INCLUDE_BROKEN include:bad.test (in b.test): bad.test has a record with an error: "ip5:1" is no term of SPF',
      ],
    )
  })

  test('what the DNS does not say is not known, and not missing', async (t) => {
    const {tree} = await treeOf(t, {'a.test': txt('include:b.test', 'ip4:192.0.2.1', '-all'), 'b.test': 'servfail'})
    assert.equal(unknownPart(tree), 'b.test TXT: DNS could not answer')
    assert.deepEqual(defectsOfTree(tree), [])
    assert.equal(evaluateSpf(tree, '192.0.2.1'), 'temperror')
  })

  test('what depends on the mail is left open, and what passes all the same passes', async (t) => {
    const {tree} = await treeOf(t, {
      'a.test': txt('exists:%{i}.x.test', 'ptr', 'include:%{d}.y.test', 'ip4:192.0.2.1', '-all'),
    })
    assert.equal(evaluateSpf(tree, '192.0.2.1'), 'pass')
    assert.equal(evaluateSpf(tree, '192.0.2.2'), 'unknown')
  })
})

describe('SPF beside mailauth', () => {
  /** The result of another implementation of RFC 7208 on the same zone. */
  const theirs = async (domain: string, ip: string, query: Awaited<ReturnType<typeof treeOf>>['query']) => {
    const {status} = await spf({
      sender: `a@${domain}`,
      ip,
      helo: 'client.test',
      mta: 'mx.test',
      strict: true,
      resolver: async (name: string, type: string) => [...(await query(name, type as RecordType))] as string[],
    })
    return status.result
  }

  const ADDRESSES = ['192.0.2.1', '192.0.2.77', '198.51.100.5', '203.0.113.9', '2001:db8::1']

  test('both say the same of records as they are published', async (t) => {
    const zone: Zone = {
      'google.test': txt('include:_spf.google.test', '~all'),
      '_spf.google.test': txt('include:_net1.google.test', 'include:_net2.google.test', '~all'),
      '_net1.google.test': txt('ip4:192.0.2.0/26', 'ip4:203.0.113.0/28', '~all'),
      '_net2.google.test': txt('ip6:2001:db8::/64', '~all'),
      'redirected.test': txt('redirect=_spf.google.test'),
      'own.test': {txt: ['v=spf1 mx a:web.own.test/28 -all'], mx: ['10 mail.own.test']},
      'mail.own.test': {a: ['192.0.2.1'], aaaa: ['2001:db8:0:0:0:0:0:1']},
      'web.own.test': {a: ['192.0.2.70'], aaaa: ['2001:db8:0:0:0:0:0:2']},
      'neutral.test': txt('?ip4:192.0.2.0/24', '-ip4:198.51.100.0/24', '+all'),
      'none.test': {txt: ['hello']},
      'two.test': {txt: ['v=spf1 -all', 'v=spf1 +all']},
      'wrong.test': txt('ip4:192.0.2.0/33', '-all'),
      'dead.test': txt('include:none.test', '-all'),
      'loop.test': txt('include:loop.test', '-all'),
      'late.test': txt('ip4:192.0.2.1', 'include:none.test', '-all'),
      'gone.test': txt('redirect=none.test'),
      'split.test': {txt: [['v=spf1 ip4:192.0.2.1 include:', '_net1.google.test -all']]},
      'broken.test': txt('include:servfail.test', '-all'),
      'servfail.test': 'servfail',
    }
    const {query} = await treeOf(t, zone)
    const {signal} = new AbortController()
    let compared = 0
    // Of no host's name mailauth takes no sender.
    const domains = Object.keys(zone).filter((name) => !name.startsWith('_'))
    for (const domain of domains) {
      const tree = await fetchSpfTree(domain, createAsk(query, signal, signal))
      for (const ip of ADDRESSES) {
        assert.equal(evaluateSpf(tree, ip), await theirs(domain, ip, query), `${domain} ${ip}`)
        compared++
      }
    }
    assert.equal(compared, domains.length * ADDRESSES.length)
  })

  test('both say the same of 300 records made at random', async (t) => {
    const random = createRandom(20261127)
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
    const hosts = ['h1.test', 'h2.test', 'h3.test']
    const names = Array.from({length: 300}, (_, i) => `d${i}.test`)
    const zone: Zone = {
      'h1.test': {a: ['192.0.2.1', '192.0.2.70'], aaaa: ['2001:db8:0:0:0:0:0:1']},
      'h2.test': {a: ['198.51.100.5'], aaaa: ['2001:db8:0:0:0:0:0:2'], mx: ['10 h1.test', '20 h3.test']},
      'h3.test': {a: ['203.0.113.9'], aaaa: ['2001:db8:0:0:0:0:0:3'], mx: ['10 h2.test']},
    }
    for (const name of names) {
      const term = () => {
        const sign = pick(['', '', '', '+', '-', '~', '?'])
        // Most refer to what was made before or will be, some to nothing.
        const other = pick([...names.slice(0, 60), 'nothing.test'])
        return `${sign}${pick([
          `ip4:${pick(['192.0.2.0', '198.51.100.0', '203.0.113.0'])}/${pick([8, 24, 29, 32])}`,
          `ip6:2001:db8::/${pick([32, 127])}`,
          `a:${pick(hosts)}`,
          `a:${pick(hosts)}/28`,
          `mx:${pick(['h2.test', 'h3.test'])}`,
          `include:${other}`,
          `include:${other}`,
          `exists:${pick([...hosts, 'nothing.test'])}`,
        ])}`
      }
      const terms = Array.from({length: Math.floor(random() * 4)}, term)
      const end = pick(['-all', '~all', '?all', '', `redirect=${pick(names.slice(0, 60))}`])
      zone[name] = pick<Script>([
        txt(...terms, end),
        txt(...terms, end),
        txt(...terms, end),
        txt(...terms, 'ip4:1', end),
      ])
    }
    const {query} = await treeOf(t, zone)
    const {signal} = new AbortController()
    const seen = new Map<string, number>()
    for (const domain of names) {
      const tree = await fetchSpfTree(domain, createAsk(query, signal, signal))
      for (const ip of ADDRESSES) {
        const ours = evaluateSpf(tree, ip)
        seen.set(ours, (seen.get(ours) ?? 0) + 1)
        assert.equal(ours, await theirs(domain, ip, query), `${domain} ${ip}: ${JSON.stringify(zone[domain])}`)
      }
    }
    for (const result of ['pass', 'fail', 'softfail', 'neutral', 'permerror'])
      assert.ok((seen.get(result) ?? 0) > 20, result)
  })
})

/** Mulberry32: the same numbers in every run. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
