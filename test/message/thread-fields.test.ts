import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {threadFields} from '../../src/lib/message/thread-fields.ts'

const ids = (...numbers: readonly number[]) => numbers.map((number) => `${number}@x.example`)
const mail = (messageId: string | null, references: readonly string[] = [], inReplyTo: readonly string[] = []) => ({
  messageId,
  references,
  inReplyTo,
})

describe('the fields of an answer', () => {
  test('name the mail that is answered', () =>
    assert.deepEqual(threadFields(mail('1@x.example')), {inReplyTo: '1@x.example', references: ids(1)}))

  test('have its own chain before it', () =>
    assert.deepEqual(threadFields(mail('3@x.example', ids(1, 2), ids(9))).references, ids(1, 2, 3)))

  test('have what it answers before it where it has no chain, and names one mail', () => {
    assert.deepEqual(threadFields(mail('2@x.example', [], ids(1))).references, ids(1, 2))
    assert.deepEqual(threadFields(mail('3@x.example', [], ids(1, 2))).references, ids(3))
  })

  test('of a mail without an id are those of its own thread', () =>
    assert.deepEqual(threadFields(mail(null, ids(1, 2))), {inReplyTo: null, references: ids(1, 2)}))

  test('name each mail once, and the one that is answered last', () =>
    assert.deepEqual(threadFields(mail('2@x.example', ids(1, 2, 1, 3))).references, ids(1, 3, 2)))

  test('name the four oldest and the six newest of a long chain', () => {
    const chain = ids(...Array.from({length: 30}, (_, at) => at))
    assert.deepEqual(threadFields(mail('30@x.example', chain)).references, ids(0, 1, 2, 3, 25, 26, 27, 28, 29, 30))
    assert.equal(threadFields(mail('9@x.example', chain.slice(0, 9))).references.length, 10)
  })

  test('name no id that cannot be written', () => {
    const bad = ['a b@x', 'a>b@x', 'é@x', 'a\r\nBcc: x@y', '', 'a'.repeat(981)]
    assert.deepEqual(threadFields(mail('1@x.example', bad)).references, ids(1))
    for (const id of bad) assert.deepEqual(threadFields(mail(id)), {inReplyTo: null, references: []})
  })
})
