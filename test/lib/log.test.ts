import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {createRedactor} from '../../src/lib/log.ts'

const TOKEN = 'abcdefghijklmnopqrstuvwx23'

/** As text, and as bytes in UTF-8: both ways out must say the same. */
function redact(text: string, secrets: readonly string[] = []): string {
  const redactor = createRedactor()
  for (const secret of secrets) redactor.register(secret)
  const safe = redactor.redact(text)
  assert.equal(redactor.redactBytes(Buffer.from(text)).toString(), safe)
  return safe
}

describe('what leaves the program', () => {
  test('has no token', () => {
    assert.equal(redact(`a+t${TOKEN}@x.example`), 'a+t…@x.example')
    assert.equal(redact(`ä <a+B${TOKEN.toUpperCase()}@x.example>`), 'ä <a+B…@x.example>')
    assert.equal(redact(`<pd.${TOKEN}@x.example>`), '<pd.…@x.example>')
    assert.equal(redact(JSON.stringify(`see\npd.${TOKEN}@x.example`)), String.raw`"see\npd.…@x.example"`)
  })

  test('keeps what only looks like one', () => {
    for (const text of ['@', `@${TOKEN}`, `${TOKEN}@x`, `t${TOKEN}@x`, `+t${TOKEN}`, `+t${TOKEN.slice(1)}1@x`, `😀@`])
      assert.equal(redact(text), text)
  })

  test('has no secret, in none of its forms', () => {
    const secret = 'geheim"ß'
    const forms = [secret, JSON.stringify(secret), Buffer.from(secret).toString('base64'), encodeURIComponent(secret)]
    for (const form of forms) assert.match(redact(`a ${form} b`, [secret]), /^a "?\[secret\]"? b$/)
  })

  test('has no secret in base64 that holds more than it', () => {
    const secret = 'geheim"ß'
    for (const user of ['', 'a', 'ab', 'ann@acme.example'])
      for (const behind of ['', '.', '..']) {
        const login = Buffer.from(`\0${user}\0${secret}${behind}`).toString('base64')
        const safe = redact(`AUTH PLAIN ${login}`, [secret])
        const [before = '', after = '', ...more] = safe.slice('AUTH PLAIN '.length).split('[secret]')
        assert.deepEqual([login.startsWith(before), login.endsWith(after), more], [true, true, []], safe)
        // What is left of it is no whole byte at either end.
        const hidden = login.length - before.length - after.length
        assert.ok(hidden >= Math.floor((Buffer.byteLength(secret) * 8 - 2 * 5) / 6), safe)
      }
  })

  test('has no secret that is quoted, and then again', () => {
    const line = `LOGIN "ann" ${JSON.stringify('geheim"\\1')}`
    assert.equal(redact(JSON.stringify(line), ['geheim"\\1']), String.raw`"LOGIN \"ann\" \"[secret]\""`)
  })

  test('is not copied where there is nothing to remove', () => {
    const bytes = Buffer.from('a@b.example '.repeat(1000))
    assert.equal(createRedactor().redactBytes(bytes), bytes)
  })
})
