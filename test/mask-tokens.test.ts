import assert from 'node:assert/strict'
import {test} from 'node:test'
import {createTokenMask} from '../src/lib/mask-tokens.ts'

const TOKEN = 'Ab0_-Ab0_-Ab0_-Ab0_-Ab'

test('a token in an address of ours is masked wherever it stands, and nothing else', () => {
  const mask = createTokenMask(['acme.example', 'shop.example'])
  assert.equal(mask(`Reply to <support+${TOKEN}@acme.example>.`), 'Reply to <support+…@acme.example>.')
  assert.equal(mask(`a+r.${TOKEN}@SHOP.example b+${TOKEN}@acme.example`), 'a+…@SHOP.example b+…@acme.example')
  for (const kept of [
    `bounce+${TOKEN}@other.example`,
    `support+billing@acme.example`,
    `${TOKEN}@acme.example`,
    `support+${TOKEN}@acme.exampleville`,
    `support+${TOKEN}@acmexexample`,
  ])
    assert.equal(mask(kept), kept)
  assert.equal(createTokenMask([])(`support+${TOKEN}@acme.example`), `support+${TOKEN}@acme.example`)
})

test('hostile text takes linear time', () => {
  const mask = createTokenMask(['acme.example'])
  for (const text of ['+', '+a', `+${'a'.repeat(64)}`, `+${'a'.repeat(64)}@acme.exampl`, 'a'].map((piece) =>
    piece.repeat(4_000_000 / piece.length),
  )) {
    const started = performance.now()
    assert.equal(mask(text).length, text.length)
    assert.ok(performance.now() - started < 2000)
  }
})
