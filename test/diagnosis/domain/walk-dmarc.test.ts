import assert from 'node:assert/strict'
import {describe, test, type TestContext} from 'node:test'
import {evaluateDmarc} from 'mailauth/lib/dmarc/index.js'
import {createAsk} from '../../../src/lib/diagnosis/domain/ask.ts'
import {namesOfWalk, walkDmarc} from '../../../src/lib/diagnosis/domain/walk-dmarc.ts'
import {createResolver, type Query, type RecordType} from '../../../src/lib/dns/resolver.ts'
import {type Script, startDns} from '../../support/dns-server.ts'

const {signal} = new AbortController()

async function queryOf(t: TestContext, zone: Record<string, Script>): Promise<Query> {
  const dns = await startDns(t, zone)
  return createResolver({address: dns.address, queryTimeoutMs: 300})
}

const walk = (domain: string, query: Query) => walkDmarc(domain, createAsk(query, signal, signal))

async function found(t: TestContext, zone: Record<string, Script>, domain: string) {
  const result = await walk(domain, await queryOf(t, zone))
  return {at: result.found?.name ?? null, organization: result.organization, asked: result.steps.length}
}

describe('the tree walk of DMARC', () => {
  test('a name of many labels is asked for eight times, as in RFC 9989 4.10', () => {
    assert.deepEqual(namesOfWalk('a.b.c.d.e.f.g.h.i.j.mail.example.com'), [
      'a.b.c.d.e.f.g.h.i.j.mail.example.com',
      'g.h.i.j.mail.example.com',
      'h.i.j.mail.example.com',
      'i.j.mail.example.com',
      'j.mail.example.com',
      'mail.example.com',
      'example.com',
      'com',
    ])
    assert.deepEqual(namesOfWalk('a.mail.example.com'), [
      'a.mail.example.com',
      'mail.example.com',
      'example.com',
      'com',
    ])
    assert.equal(namesOfWalk('1.2.3.4.5.6.7.8').length, 8)
    assert.equal(namesOfWalk('1.2.3.4.5.6.7').length, 7)
    assert.deepEqual(namesOfWalk('com'), ['com'])
  })

  test('the record of the domain holds, then the one of its organization, then the one of the registry', async (t) => {
    const record = (text: string) => ({txt: [text]})
    assert.deepEqual(
      await found(
        t,
        {'_dmarc.a.b.test': record('v=DMARC1; p=none'), '_dmarc.b.test': record('v=DMARC1; p=reject')},
        'a.b.test',
      ),
      {
        at: 'a.b.test',
        organization: 'b.test',
        asked: 3,
      },
    )
    assert.deepEqual(await found(t, {'_dmarc.b.test': record('v=DMARC1; p=reject')}, 'a.b.test'), {
      at: 'b.test',
      organization: 'b.test',
      asked: 3,
    })
    assert.deepEqual(await found(t, {'_dmarc.test': record('v=DMARC1; p=reject; psd=y')}, 'a.b.test'), {
      at: 'test',
      organization: 'b.test',
      asked: 3,
    })
    assert.deepEqual(
      await found(
        t,
        {'_dmarc.a.b.test': record('v=DMARC1; psd=n; p=none'), '_dmarc.b.test': record('v=DMARC1; p=reject')},
        'a.b.test',
      ),
      {at: 'a.b.test', organization: 'a.b.test', asked: 1},
    )
    assert.deepEqual(await found(t, {}, 'a.b.test'), {at: null, organization: 'a.b.test', asked: 3})
  })

  test('several records are none, and the walk goes on', async (t) => {
    assert.deepEqual(
      await found(
        t,
        {
          '_dmarc.a.b.test': {txt: ['v=DMARC1; p=none', 'v=DMARC1; p=reject']},
          '_dmarc.b.test': {txt: ['v=DMARC1; p=reject', 'something else']},
        },
        'a.b.test',
      ),
      {at: 'b.test', organization: 'b.test', asked: 3},
    )
  })

  test('what the DNS does not say of the domain is not known; of the names above it only their organization', async (t) => {
    const silent = await walk(
      'a.b.test',
      await queryOf(t, {'_dmarc.a.b.test': 'servfail', '_dmarc.b.test': {txt: ['v=DMARC1; p=reject']}}),
    )
    assert.equal(silent.found, null)
    assert.equal(silent.unknown, '_dmarc.a.b.test TXT: DNS could not answer')
    const above = await walk(
      'a.b.test',
      await queryOf(t, {'_dmarc.a.b.test': {txt: ['v=DMARC1; p=reject']}, '_dmarc.test': 'servfail'}),
    )
    assert.equal(above.found?.name, 'a.b.test')
    assert.equal(above.organization, null)
    assert.equal(above.unknown, null)
  })

  test('mailauth finds the same records and organizations in 400 zones made at random', async (t) => {
    let state = 9989
    const random = (count: number) => {
      // A linear congruential generator (Numerical Recipes): the same numbers in every run.
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return Math.floor((state / 2 ** 32) * count)
    }
    const records = [
      ['v=DMARC1; p=none'],
      ['v=DMARC1; p=reject; sp=quarantine'],
      ['v=DMARC1; p=reject; psd=y'],
      ['v=DMARC1; p=quarantine; psd=n'],
      ['v=DMARC1; p=reject; psd=u'],
      ['v=DMARC1; p=none', 'v=DMARC1; p=reject'],
      ['v=spf1 -all'],
      ['v=dmarc1; p=none'],
    ]
    const zone: Record<string, Script> = {}
    const domains = Array.from({length: 400}, (_, i) => {
      const labels = [...Array.from({length: 1 + random(9)}, (_, at) => `l${at}`), `z${i}`, 'test']
      labels.forEach((_, at) => {
        const name = labels.slice(at).join('.')
        if (name !== 'test' && random(4) === 0) zone[`_dmarc.${name}`] = {txt: records[random(records.length)]!}
      })
      return labels.join('.')
    })
    const query = await queryOf(t, zone)
    let withRecord = 0
    for (const domain of domains) {
      const ours = await walk(domain, query)
      const {response} = await evaluateDmarc({
        headerFrom: [`a@${domain}`],
        spfDomains: [],
        dkimDomains: [],
        strict: true,
        resolver: async (name: string, type: string) => (await query(name, type as RecordType)) as string[][],
      })
      assert.ok(response)
      assert.equal(ours.found?.name, response.policyDomain, domain)
      assert.equal(ours.organization, response.domain, domain)
      if (ours.found) withRecord++
    }
    assert.ok(withRecord > 100 && withRecord < 390, `${withRecord}`)
  })
})
