import assert from 'node:assert/strict'
import {test} from 'node:test'
import {safeJson, safeLine, safeText} from '../../src/lib/cli/safe-text.ts'

const HIDING = ['\u00AD', '\u200B', '\u2060', '\u2061', '\u2064']
const JOINING = ['\u200C', '\u200D']

test('what acts on a terminal or turns the reading order is made visible everywhere', () => {
  for (const character of ['\u001B', '\u009B', '\u202E', '\u2066', '\uFEFF'])
    for (const safe of [safeLine, safeText, safeJson]) assert.ok(!safe(`a${character}b`).includes(character))
  assert.equal(safeText('a\r\nb\u202Ec'), 'a\nb<U+202E>c')
})

test('what hides within a word is made visible in one line, and left in running text', () => {
  assert.equal(safeLine('pay\u200Bpal\u00AD.example'), 'pay<U+200B>pal<U+00AD>.example')
  for (const character of HIDING) {
    assert.ok(!safeLine(`a${character}b`).includes(character))
    assert.equal(safeText(`a${character}b`), `a${character}b`)
  }
})

test('what scripts and emoji need stays', () => {
  for (const character of JOINING) assert.equal(safeLine(`a${character}b`), `a${character}b`)
})
