import assert from 'node:assert/strict'
import {test} from 'node:test'
import {maskTokens, mayHoldToken} from '../../src/lib/message/mask-tokens.ts'
import {tokenFrom, tokenOfAddress, tokenOfMessageId} from '../../src/lib/message/token.ts'

const TOKEN = tokenFrom(new Uint8Array(16).map((_, i) => i * 17))

test('a token is read from an address and from a Message-ID, in whatever case', () => {
  assert.deepEqual(tokenOfAddress(`support+t${TOKEN.toUpperCase()}@acme.example`), {kind: 't', token: TOKEN})
  assert.deepEqual(tokenOfAddress(`support+b${TOKEN}@acme.example`)?.kind, 'b')
  assert.equal(tokenOfMessageId(`pd.${TOKEN}@acme.example`), TOKEN)
  assert.equal(tokenOfAddress(`support+x${TOKEN}@acme.example`), null)
})

test('no token is left in a text, however its address is written there', () => {
  for (const text of [
    `write to <support+t${TOKEN}@acme.example>`,
    `Return-Path: <support+b${TOKEN}@acme.example>`,
    `In-Reply-To: <pd.${TOKEN}@acme.example>`,
    `SUPPORT+T${TOKEN.toUpperCase()}@ACME.EXAMPLE`,
    `<a href="mailto:support%2Bt${TOKEN}%40acme.example">`,
    `support&#43;t${TOKEN}&#64;acme.example`,
    `bounces+support+t${TOKEN}=acme.example@list.example`,
    `X-Postdesk-Probe: probe.${TOKEN}`,
    `Message-ID: <PROBE.${TOKEN.toUpperCase()}@ACME.EXAMPLE>`,
    `Probe.${TOKEN}`,
    `{"text":"Its number is\\nprobe.${TOKEN}\\n"}`,
  ]) {
    assert.ok(!maskTokens(text).toLowerCase().includes(TOKEN), text)
    assert.ok(mayHoldToken(Buffer.from(text)), 'in bytes it is seen as well')
  }
  const host = `probe.${TOKEN}ing.example`
  assert.equal(maskTokens(host), host, 'a longer word is a name')
  const other = `a+text of ${TOKEN} and nothing else`
  assert.equal(maskTokens(other), other)
  assert.equal(mayHoldToken(Buffer.from(other)), false)
})
