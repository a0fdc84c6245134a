import assert from 'node:assert/strict'
import {test} from 'node:test'
import {senderName} from '../../src/lib/channel/sender-name.ts'

test('the name of who writes stands where the format has it, and goes with what joins it where nobody does', () => {
  for (const [format, agent, name] of [
    ['Acme Support', 'Ann', 'Acme Support'],
    ['{agent} | Acme', 'Ann Lee', 'Ann Lee | Acme'],
    ['{agent} | Acme', undefined, 'Acme'],
    ['Acme – {agent}', undefined, 'Acme'],
    ['Acme ({agent})', 'Ann', 'Acme (Ann)'],
    ['{agent}', 'Ann', 'Ann'],
    ['Hỗ trợ, {agent}', undefined, 'Hỗ trợ'],
  ] as const)
    assert.equal(senderName(format, agent), name, format)
})
