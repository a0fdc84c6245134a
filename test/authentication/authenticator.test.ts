import assert from 'node:assert/strict'
import {createRequire} from 'node:module'
import {describe, test, type TestContext} from 'node:test'
import {createAuthenticator, type AuthenticationQuestion} from '../../src/lib/authentication/authenticator.ts'
import {createResolver} from '../../src/lib/dns/resolver.ts'
import type {Authentication} from '../../src/lib/channel/authentication.ts'
import {parseFacts} from '../../src/lib/message/parse.ts'
import {lines, pieces, seededRandom, stream} from '../message/mail.ts'
import {startDns, type Script} from '../support/dns-server.ts'
import {sign, signingKey} from '../support/signed-mail.ts'

const RECEIVED_AT = '2026-03-01T10:01:00.000Z'
const SERVER = 'mx.acme.example'

const mail = (from = 'ann@shop.example', body = 'Where is my order?\r\n\r\n  Ann\r\n') =>
  lines(
    `From: Ann <${from}>`,
    'To: support@acme.example',
    'Subject: My order',
    'Date: Sun, 1 Mar 2026 10:00:00 +0000',
    'Message-ID: <1@shop.example>',
  ) + `\r\n${body}`

const key = signingKey('shop.example')

/** Asks about one mail, with a DNS that knows the zone. */
async function ask(
  t: TestContext,
  raw: string | Buffer,
  zone: Readonly<Record<string, Script>> = {},
  question: Partial<AuthenticationQuestion> = {},
): Promise<Authentication & {readonly questions: readonly string[]}> {
  const dns = await startDns(t, zone)
  const bytes = Buffer.from(raw)
  const before = Buffer.from(bytes)
  const authenticator = createAuthenticator({query: createResolver({address: dns.address, queryTimeoutMs: 300})})
  const answer = await authenticator.authenticate({
    raw: bytes,
    message: parseFacts(bytes),
    trustedAuthservId: null,
    receivedAt: RECEIVED_AT,
    ...question,
  })
  assert.ok(bytes.equals(before), 'the bytes of the mail are not touched')
  return {...answer, questions: dns.questions}
}

const keys = (...all: readonly {readonly name: string; readonly record: string}[]): Record<string, Script> =>
  Object.fromEntries(all.map(({name, record}) => [name, {txt: [record]}]))

describe('a signature of the domain in From', () => {
  for (const canonicalization of ['relaxed/relaxed', 'simple/simple', 'relaxed/simple', 'simple/relaxed'] as const)
    test(`holds with ${canonicalization}, and needs the key alone`, async (t) => {
      const raw = await sign(mail(), key, {canonicalization})
      const answer = await ask(t, raw, keys(key))
      assert.equal(answer.dmarc, 'pass')
      assert.equal(answer.by, 'dkim')
      assert.deepEqual(answer.dkim, [
        {domain: 'shop.example', selector: 'mail', result: 'pass', aligned: true, why: null},
      ])
      assert.equal(answer.spf, null)
      assert.equal(answer.why, 'the signature of shop.example holds')
      assert.deepEqual(answer.questions, ['TXT mail._domainkey.shop.example'])
    })

  test('holds with Ed25519', async (t) => {
    const ed25519 = signingKey('shop.example', {type: 'ed25519'})
    assert.equal((await ask(t, await sign(mail(), ed25519), keys(ed25519))).dmarc, 'pass')
  })

  test('holds for a mail whose lines a Maildir ended with LF, and for one in pieces', async (t) => {
    const raw = await sign(mail(undefined, 'one\r\n\r\n two\t \r\nthree'), key)
    const withLf = Buffer.from(raw.toString('latin1').replaceAll('\r\n', '\n'), 'latin1')
    assert.equal((await ask(t, withLf, keys(key))).dmarc, 'pass')
    for (const bytes of [raw, withLf]) {
      const question = {raw: stream(pieces(bytes, 7, seededRandom(3)))}
      assert.equal((await ask(t, bytes, keys(key), question)).dmarc, 'pass')
    }
  })

  test('holds for a mail of 20 MB', async (t) => {
    const raw = await sign(mail(undefined, `${'x'.repeat(74)}\r\n`.repeat(270_000)), key)
    assert.equal((await ask(t, raw, keys(key))).dmarc, 'pass')
  })

  test('is worth the same in other letters', async (t) => {
    const raw = await sign(mail('ann@SHOP.Example'), signingKeyAs('Shop.EXAMPLE'))
    assert.equal((await ask(t, raw, keys(key))).dmarc, 'pass')
  })

  test('holds beside signatures of others, whose keys are not asked for', async (t) => {
    const raw = await sign(await sign(mail(), key), signingKey('mailer.test'))
    const answer = await ask(t, raw, keys(key))
    assert.equal(answer.dmarc, 'pass')
    assert.equal(answer.dkim.length, 1)
    assert.deepEqual(answer.questions, ['TXT mail._domainkey.shop.example'])
  })

  test('holds where another one of the domain does not', async (t) => {
    const old = signingKey('shop.example', {selector: 'old'})
    const answer = await ask(t, await sign(await sign(mail(), old), key), keys(key))
    assert.equal(answer.dmarc, 'pass')
    assert.deepEqual(
      answer.dkim.map(({selector, result}) => [selector, result]),
      [
        ['mail', 'pass'],
        ['old', 'neutral'],
      ],
    )
  })
})

function signingKeyAs(domain: string) {
  return {...key, domain}
}

describe('what proves nothing, and is no failure', () => {
  const weak = signingKey('shop.example', {bits: 512})
  const testing = signingKey('shop.example', {tags: 't=y'})
  const unknown: readonly (readonly [
    what: string,
    raw: () => Promise<string | Buffer> | string,
    zone: Readonly<Record<string, Script>>,
    result: string | null,
    why: RegExp,
  ])[] = [
    ['a mail without a signature', () => mail(), {}, null, /not signed; whether SPF passed is not known/],
    [
      'one whose domain asks to reject what is not signed: SPF may have passed',
      () => mail(),
      {'_dmarc.shop.example': {txt: ['v=DMARC1; p=reject']}},
      null,
      /not signed; whether SPF passed is not known/,
    ],
    [
      'a body that was changed',
      async () => (await sign(mail(), key)).toString().replace('order?', 'money?'),
      keys(key),
      'fail',
      /body hash did not verify/,
    ],
    [
      'a subject that was changed',
      async () => (await sign(mail(), key)).toString().replace('Subject: My', 'Subject: Your'),
      keys(key),
      'fail',
      /bad signature/,
    ],
    [
      'a body that went on after what is signed (l=)',
      async () => Buffer.concat([await sign(mail(), key, {bodyLength: 10}), Buffer.from('Pay here\r\n')]),
      keys(key),
      'policy',
      /bytes at the end of the body are not signed/,
    ],
    ['a key of 512 bits', () => sign(mail(), weak), keys(weak), 'policy', /less than 1024 bits/],
    ['a domain that is testing', () => sign(mail(), testing), keys(testing), 'policy', /only testing/],
    [
      'a signature that had expired when the mail came',
      () => sign(mail(), key, {signTime: '2026-02-01T10:00:00Z', expires: '2026-02-08T10:00:00Z'}),
      keys(key),
      'neutral',
      /expired/,
    ],
    [
      'a signature of tomorrow',
      () => sign(mail(), key, {signTime: '2026-03-02T10:00:00Z'}),
      keys(key),
      'policy',
      /signed after the mail came/,
    ],
    [
      'a signature that leaves From out',
      async () => {
        const signed = (await sign(mail(), key)).toString()
        return signed.replace(/h=[^;]*;/, 'h=subject:date;')
      },
      keys(key),
      'neutral',
      /From field not signed/,
    ],
    ['a signature by SHA-1', () => sign(mail(), key, {algorithm: 'rsa-sha1'}), keys(key), 'policy', /weak algorithm/],
    ['a key that is not there', () => sign(mail(), key), {}, 'neutral', /no key/],
    ['a key that was withdrawn', () => sign(mail(), key), {[key.name]: {txt: ['v=DKIM1; p=']}}, 'neutral', /./],
    [
      'a key of another',
      () => sign(mail(), key),
      {[key.name]: {txt: [signingKey('shop.example').record]}},
      'fail',
      /bad signature/,
    ],
    [
      'a DNS that cannot answer',
      () => sign(mail(), key),
      {[key.name]: 'servfail'},
      'temperror',
      /DNS could not answer/,
    ],
    [
      'a DNS that is silent',
      () => sign(mail(), key),
      {[key.name]: 'silence'},
      'temperror',
      /DNS did not answer in time/,
    ],
    [
      'an answer larger than any key',
      () => sign(mail(), key),
      {[key.name]: {txt: [key.record, ...Array.from({length: 40}, () => 'x'.repeat(250))]}},
      'temperror',
      /./,
    ],
    ['a signature of a stranger', () => sign(mail(), signingKey('evil.test')), {}, null, /no signature is of a domain/],
    [
      'a field above the one that is signed',
      async () => `Reply-To: thief@evil.test\r\nReply-To: thief@evil.test\r\n${(await sign(mail(), key)).toString()}`,
      keys(key),
      null,
      /several reply-to fields/,
    ],
    [
      'more signatures than any mail has',
      async () => {
        const signed = (await sign(mail(), key)).toString()
        const one = signed.slice(0, signed.indexOf('From:'))
        return one.repeat(11) + mail()
      },
      keys(key),
      null,
      /11 signatures/,
    ],
    [
      'a signature longer than any',
      async () => (await sign(mail(), key)).toString().replace('v=1;', `v=1; z=${'x'.repeat(9000)};`),
      keys(key),
      null,
      /too long/,
    ],
    [
      'a header folded thousands of times',
      async () => `X-Fold: a\r\n${' a\r\n'.repeat(40_000)}${(await sign(mail(), key)).toString()}`,
      keys(key),
      null,
      /header is too large/,
    ],
    [
      'a line without an end',
      () => sign(mail(undefined, 'x'.repeat(3_000_000)), key),
      keys(key),
      null,
      /a line of more than 1 MB/,
    ],
    [
      'an author whose domain cannot be told',
      () => sign(mail('ann@shop.example@evil.test'), signingKey('evil.test')),
      {},
      null,
      /no address with a domain/,
    ],
  ]
  for (const [what, raw, zone, result, why] of unknown)
    test(what, async (t) => {
      const answer = await ask(t, await raw(), zone)
      assert.equal(answer.dmarc, 'unknown', answer.why)
      assert.equal(answer.by, 'none')
      assert.equal(answer.dkim[0]?.result ?? null, result)
      assert.match(answer.why, why)
    })

  test('a key is not asked for where nothing is signed', async (t) => {
    const answer = await ask(t, mail(), {'_dmarc.shop.example': {txt: ['v=DMARC1; p=reject']}})
    assert.deepEqual(answer.questions, [])
  })

  test('a signature holds that expired after the mail came, however late it is read', async (t) => {
    const raw = await sign(mail(), key, {expires: '2026-03-02T10:00:00Z'})
    assert.equal((await ask(t, raw, keys(key))).dmarc, 'pass')
    assert.equal((await ask(t, raw, keys(key), {receivedAt: '2026-03-03T10:00:00.000Z'})).dmarc, 'unknown')
  })

  test('no more than five keys are asked for', async (t) => {
    let raw: Buffer = Buffer.from(mail())
    for (let i = 0; i < 8; i++) raw = await sign(raw, {...key, selector: `s${i}`})
    const answer = await ask(t, raw, {})
    assert.equal(answer.questions.length, 5)
    assert.equal(answer.dkim.filter(({result}) => result === 'temperror').length, 3)
  })
})

describe('a signature of another domain of the organization', () => {
  const organization = signingKey('example.test')
  const policy = (name: string, record: string): Record<string, Script> => ({[`_dmarc.${name}`]: {txt: [record]}})
  const cases: readonly (readonly [
    what: string,
    from: string,
    signer: string,
    policies: Record<string, Script>,
    dmarc: string,
  ])[] = [
    [
      'relaxed is the default',
      'a@news.example.test',
      'example.test',
      policy('example.test', 'v=DMARC1; p=none'),
      'pass',
    ],
    ['also upwards', 'a@example.test', 'mail.example.test', policy('example.test', 'v=DMARC1; p=reject'), 'pass'],
    ['also beside', 'a@a.example.test', 'b.example.test', policy('example.test', 'v=DMARC1; p=reject'), 'pass'],
    [
      'not where it is strict',
      'a@news.example.test',
      'example.test',
      policy('example.test', 'v=DMARC1; p=none; adkim=s'),
      'unknown',
    ],
    ['not without a policy', 'a@news.example.test', 'example.test', {}, 'unknown'],
    [
      'a policy of its own holds before that of the organization',
      'a@news.example.test',
      'example.test',
      {...policy('example.test', 'v=DMARC1; p=none'), ...policy('news.example.test', 'v=DMARC1; p=none; adkim=s')},
      'unknown',
    ],
    [
      'not between customers of one public suffix',
      'a@one.host.test',
      'two.host.test',
      {...policy('host.test', 'v=DMARC1; p=none; psd=y'), ...policy('one.host.test', 'v=DMARC1; p=none')},
      'unknown',
    ],
    [
      'not where the policy is not known',
      'a@news.example.test',
      'example.test',
      {'_dmarc.news.example.test': 'servfail'},
      'unknown',
    ],
  ]
  for (const [what, from, domain, policies, dmarc] of cases)
    test(what, async (t) => {
      const signer = {...organization, domain, name: `mail._domainkey.${domain}`}
      const answer = await ask(t, await sign(mail(from), signer), {...keys(signer), ...policies})
      assert.equal(answer.dmarc, dmarc, answer.why)
      assert.equal(answer.dkim[0]?.result, 'pass')
      assert.equal(answer.dkim[0]?.aligned, dmarc === 'pass')
      assert.ok(
        answer.questions.every((question) => question.startsWith('TXT ')),
        answer.questions.join(),
      )
    })
})

describe('more than one author', () => {
  const twice = (name: string, value: string) => `${name}: ${value}\r\n${mail()}`
  for (const [what, raw] of [
    ['two From fields', twice('From', 'boss@bank.test')],
    ['two subjects', twice('Subject', 'Pay here')],
    ['two Message-IDs', twice('Message-ID', '<2@bank.test>')],
    ['authors of two domains', mail().replace('From: ', 'From: boss@bank.test, ')],
  ] as const)
    test(`${what} fail, also where they are signed`, async (t) => {
      const answer = await ask(t, await sign(raw, key), keys(key))
      assert.equal(answer.dmarc, 'fail')
      assert.equal(answer.by, 'none')
      assert.deepEqual(answer.questions, [])
    })

  test('two authors of one domain are one for DMARC', async (t) => {
    const raw = await sign(mail().replace('From: ', 'From: Bob <bob@shop.example>, '), key)
    assert.equal((await ask(t, raw, keys(key))).dmarc, 'pass')
  })
})

describe('the word of the trusted server', () => {
  const said = (results: string, raw: string | Buffer = mail()) =>
    Buffer.concat([
      Buffer.from(`Authentication-Results: ${SERVER}; ${results}\r\nReceived: from a by ${SERVER}; x\r\n`),
      Buffer.from(raw),
    ])
  const trusting = {trustedAuthservId: SERVER}

  test('a pass needs no DNS', async (t) => {
    const raw = said(
      'dkim=pass header.d=shop.example header.s=mail; spf=pass smtp.mailfrom=b@mailer.test; dmarc=pass header.from=shop.example',
      await sign(mail(), key),
    )
    const {questions, ...answer} = await ask(t, raw, keys(key), trusting)
    assert.deepEqual(answer, {
      dmarc: 'pass',
      by: 'authentication-results',
      dkim: [{domain: 'shop.example', selector: 'mail', result: 'pass', aligned: true, why: null}],
      spf: {result: 'pass', domain: 'mailer.test'},
      why: 'mx.acme.example says that DMARC passed',
    })
    assert.deepEqual(questions, [])
  })

  test('a failure stands where no signature holds', async (t) => {
    const answer = await ask(t, said('dmarc=fail (p=none) header.from=shop.example; spf=softfail'), {}, trusting)
    assert.equal(answer.dmarc, 'fail')
    assert.equal(answer.by, 'authentication-results')
    assert.deepEqual(answer.spf, {result: 'softfail', domain: null})
    assert.match(answer.why, /mx\.acme\.example says that DMARC failed, and it is not signed/)
  })

  test('a failure gives way to a signature that holds: a forwarder broke SPF alone', async (t) => {
    const raw = said('dmarc=fail header.from=shop.example; spf=fail', await sign(mail(), key))
    const answer = await ask(t, raw, keys(key), trusting)
    assert.equal(answer.dmarc, 'pass')
    assert.equal(answer.by, 'dkim')
    assert.match(answer.why, /the signature of shop\.example holds, although mx\.acme\.example says that DMARC failed/)
  })

  test('a result about another author is not about this mail', async (t) => {
    for (const result of ['pass', 'fail'])
      assert.equal((await ask(t, said(`dmarc=${result} header.from=bank.test`), {}, trusting)).dmarc, 'unknown')
  })

  test('where its filters disagree, the failure counts', async (t) => {
    assert.equal((await ask(t, said('dmarc=pass; dmarc=fail'), {}, trusting)).dmarc, 'fail')
  })

  test('DKIM or SPF of the very domain pass where it does not ask about DMARC', async (t) => {
    for (const results of [
      'dkim=pass header.d=shop.example',
      'dkim=pass header.i=@shop.example',
      'spf=pass smtp.mailfrom=x@shop.example',
    ]) {
      const answer = await ask(t, said(results), {}, trusting)
      assert.equal(answer.dmarc, 'pass', results)
      assert.equal(answer.by, 'authentication-results')
      assert.deepEqual(answer.questions, [])
    }
    for (const results of [
      'dkim=fail header.d=shop.example',
      'spf=pass smtp.mailfrom=x@mailer.test',
      'spf=pass smtp.helo=shop.example',
      'dmarc=temperror',
      'none',
    ])
      assert.equal((await ask(t, said(results), {}, trusting)).dmarc, 'unknown', results)
  })

  test('SPF of another domain of the organization passes by its policy', async (t) => {
    const zone: Record<string, Script> = {'_dmarc.shop.example': {txt: ['v=DMARC1; p=reject']}}
    const answer = await ask(t, said('spf=pass smtp.mailfrom=x@bounce.shop.example'), zone, trusting)
    assert.equal(answer.dmarc, 'pass', answer.why)
    assert.equal(answer.by, 'authentication-results')
    assert.match(answer.why, /bounce\.shop\.example sent it/)
    const strict: Record<string, Script> = {'_dmarc.shop.example': {txt: ['v=DMARC1; p=reject; aspf=s']}}
    assert.equal(
      (await ask(t, said('spf=pass smtp.mailfrom=x@bounce.shop.example'), strict, trusting)).dmarc,
      'unknown',
    )
  })

  test('nobody is believed where no server is named', async (t) => {
    assert.equal((await ask(t, said('dmarc=pass header.from=shop.example'))).dmarc, 'unknown')
  })
})

describe('a run', () => {
  test('loads nothing that speaks HTTP, whatever the mail asks for', async (t) => {
    const relaxed = {...key, domain: 'shop.example', name: 'mail._domainkey.shop.example'}
    const asking = mail('ann@news.shop.example').replace('Subject', 'BIMI-Selector: v=BIMI1; s=default\r\nSubject')
    const zone: Record<string, Script> = {
      ...keys(relaxed),
      '_dmarc.shop.example': {txt: ['v=DMARC1; p=reject']},
      'default._bimi.shop.example': {txt: ['v=BIMI1; l=https://127.0.0.1/logo.svg']},
    }
    const answer = await ask(t, await sign(asking, relaxed), zone)
    assert.equal(answer.dmarc, 'pass')
    assert.ok(!answer.questions.some((question) => question.includes('bimi')))
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) => /mailauth|undici/.test(file))
    assert.ok(loaded.some((file) => file.includes('dkim')))
    assert.deepEqual(
      loaded.filter((file) => /bimi|mta-sts|undici/.test(file)),
      [],
    )
  })

  test('a hundred mails do not wait for a silent DNS one after the other', async (t) => {
    const dns = await startDns(t)
    const query = createResolver({address: dns.address, queryTimeoutMs: 300})
    const authenticator = createAuthenticator({query})
    const mails = await Promise.all(
      Array.from({length: 100}, async (_, i) => {
        dns.zone.set(`mail._domainkey.shop${i}.example`, 'silence')
        return sign(mail(`ann@shop${i}.example`), {...key, domain: `shop${i}.example`})
      }),
    )
    const started = performance.now()
    const answers = await Promise.all(
      mails.map((raw) =>
        authenticator.authenticate({raw, message: parseFacts(raw), trustedAuthservId: null, receivedAt: RECEIVED_AT}),
      ),
    )
    assert.ok(answers.every(({dmarc}) => dmarc === 'unknown'))
    assert.ok(answers.every(({dkim}) => dkim[0]?.result === 'temperror'))
    // 16 wait at once; then nobody is asked any more.
    assert.ok(performance.now() - started < 3000, `${performance.now() - started} ms`)
  })

  test('one mail waits no longer than its deadline, whoever is slow', async (t) => {
    const dns = await startDns(t, {[key.name]: {delayMs: 20_000, answer: 'nxdomain'}})
    const raw = await sign(mail(), key)
    const authenticator = createAuthenticator({
      query: createResolver({address: dns.address, queryTimeoutMs: 10_000}),
      deadlineMs: 200,
    })
    const started = performance.now()
    const question = {raw, message: parseFacts(raw), trustedAuthservId: null, receivedAt: RECEIVED_AT}
    assert.equal((await authenticator.authenticate(question)).dmarc, 'unknown')
    assert.ok(performance.now() - started < 2000)
  })

  test('ends with the reason of the signal', async (t) => {
    const dns = await startDns(t, {[key.name]: 'silence'})
    const raw = await sign(mail(), key)
    const authenticator = createAuthenticator({query: createResolver({address: dns.address})})
    const ended = new AbortController()
    const question = {raw, message: parseFacts(raw), trustedAuthservId: null, receivedAt: RECEIVED_AT}
    const answer = authenticator.authenticate(question, ended.signal)
    setTimeout(() => ended.abort(new Error('the run is over')), 50)
    await assert.rejects(answer, /the run is over/)
    await assert.rejects(authenticator.authenticate(question, ended.signal), /the run is over/)
  })

  test('rejects where the bytes cannot be read: that is no matter of the mail', async (t) => {
    const dns = await startDns(t, keys(key))
    const raw = await sign(mail(), key)
    async function* broken() {
      yield await Promise.resolve(raw.subarray(0, 100))
      throw new Error('the store is gone')
    }
    const authenticator = createAuthenticator({query: createResolver({address: dns.address})})
    await assert.rejects(
      authenticator.authenticate({
        raw: broken(),
        message: parseFacts(raw),
        trustedAuthservId: null,
        receivedAt: RECEIVED_AT,
      }),
      /the store is gone/,
    )
  })
})
