import assert from 'node:assert/strict'
import {generateKeyPairSync} from 'node:crypto'
import {describe, test} from 'node:test'
import {readDkimKey} from '../../../src/lib/diagnosis/domain/read-dkim-key.ts'

const rsa = (bits: number, type: 'spki' | 'pkcs1' = 'spki') =>
  generateKeyPairSync('rsa', {modulusLength: bits}).publicKey.export({format: 'der', type}).toString('base64')

const defectsOf = (text: string) => readDkimKey(text).defects.map(({code}) => code)
const whyOf = (text: string) => readDkimKey(text).defects.map(({why}) => why)

/** RFC 6376 C.2. */
const OF_THE_RFC =
  'MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB'
/** RFC 8463 A.2. */
const ED25519_OF_THE_RFC = '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='

describe('reading DKIM keys', () => {
  test('a key of 2048 bits is good, in both forms and with white space', () => {
    const key = rsa(2048)
    for (const text of [
      `v=DKIM1; k=rsa; p=${key}`,
      `p=${key}`,
      `v=DKIM1; h=sha256; s=email; t=s; n=a note; p=${key};`,
      `v=DKIM1; k=rsa; p=${key.slice(0, 100)} ${key.slice(100)}`,
      `v=DKIM1; s=*; h=sha1:sha256; x=unknown; p=${rsa(2048, 'pkcs1')}`,
    ]) {
      const {bits, type, defects} = readDkimKey(text)
      assert.deepEqual({bits, type, defects}, {bits: 2048, type: 'rsa', defects: []}, text)
    }
  })

  test('keys of the field and of the RFCs are read', () => {
    assert.deepEqual(defectsOf(`v=DKIM1; p=${OF_THE_RFC}`), ['DKIM_KEY_SHORT'])
    assert.equal(readDkimKey(`v=DKIM1; p=${OF_THE_RFC}`).bits, 1024)
    // Of a customer of Mailjet, as published in 2018.
    const mailjet =
      'k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDTI4Qd77gOQxtPNUzdEHT6chVstvSpyodJ/Ew8PmRifIlbvzWbWAx565Nj1FHnM/tJtmKDAOz2IvnZLV2RGONLyT06wXiosiqpsBwRvzrJ+UqYeKTrbVek6etk/Z9PzMYPVs768JPspXVc5oPTwC13ptfAGGGvigKGcago98XCQwIDAQAB'
    assert.deepEqual(defectsOf(mailjet), ['DKIM_KEY_SHORT'])
    const ed25519 = readDkimKey(`v=DKIM1; k=ed25519; p=${ED25519_OF_THE_RFC}`)
    assert.deepEqual({type: ed25519.type, defects: ed25519.defects}, {type: 'ed25519', defects: []})
  })

  test('length is judged by RFC 8301', () => {
    assert.deepEqual(whyOf(`p=${rsa(768)}`), ['it has 768 bits, and receivers take none below 1024 (RFC 8301 3.2)'])
    assert.deepEqual(defectsOf(`p=${rsa(768)}`), ['DKIM_KEY_TOO_SHORT'])
    assert.deepEqual(
      readDkimKey(`p=${rsa(1536)}`).defects.map(({code, weight}) => ({code, weight})),
      [{code: 'DKIM_KEY_SHORT', weight: 'weak'}],
    )
  })

  test('a key that was cut off, or is none, says so', () => {
    const key = rsa(2048)
    assert.deepEqual(whyOf(`v=DKIM1; k=rsa; p=${key.slice(0, 236)}`), [
      'the key is cut off: it should have 294 bytes, and has 177',
    ])
    assert.deepEqual(whyOf('p=AAAA'), ['the key is no RSA key'])
    assert.deepEqual(whyOf('p=MIGf–MA0'), ['"p=MIGf–MA0" is no tag', 'it has no key (p=)'])
    assert.deepEqual(whyOf('p=MIGf_MA0'), ['the key is no base64: it has the character "_"'])
    assert.deepEqual(whyOf('k=ed25519; p=AAAA'), ['the key has 3 bytes, and a key of Ed25519 has 32'])
    assert.deepEqual(whyOf('v=spf1 -all'), ['it does not begin with v=DKIM1', 'it has no key (p=)'])
    const ec = generateKeyPairSync('ec', {namedCurve: 'prime256v1'}).publicKey.export({format: 'der', type: 'spki'})
    assert.deepEqual(whyOf(`p=${ec.toString('base64')}`), ['the key is no RSA key'])
  })

  test('what keeps a key from being used is told', () => {
    const key = `p=${rsa(2048)}`
    for (const [text, codes] of [
      ['v=DKIM1; p=', ['DKIM_KEY_REVOKED']],
      [`v=DKIM1; t=y; ${key}`, ['DKIM_KEY_TESTING']],
      [`v=DKIM1; t=s:y; ${key}`, ['DKIM_KEY_TESTING']],
      [`v=DKIM1; k=dsa; ${key}`, ['DKIM_KEY_TYPE_UNKNOWN']],
      [`v=DKIM1; s=tlsrpt; ${key}`, ['DKIM_KEY_NOT_FOR_MAIL']],
      [`v=DKIM1; h=sha1; ${key}`, ['DKIM_KEY_HASH']],
      [`k=rsa; v=DKIM1; ${key}`, ['DKIM_KEY_SYNTAX']],
      [`v=DKIM2; ${key}`, ['DKIM_KEY_SYNTAX']],
      [`v=DKIM1; ${key}; p=`, ['DKIM_KEY_SYNTAX']],
    ] as const)
      assert.deepEqual(defectsOf(text), codes, text)
    assert.equal(readDkimKey('p=').isRevoked, true)
    assert.equal(readDkimKey(`t=y; ${key}`).isTesting, true)
  })
})
