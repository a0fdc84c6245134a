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

  test('is not copied where there is nothing to remove', () => {
    const bytes = Buffer.from('a@b.example '.repeat(1000))
    assert.equal(createRedactor().redactBytes(bytes), bytes)
  })
})
