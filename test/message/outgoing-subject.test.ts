import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {taggedNumbers} from '../../src/lib/intake/match-thread.ts'
import {baseSubject} from '../../src/lib/message/base-subject.ts'
import {replySubject, taggedSubject} from '../../src/lib/message/outgoing-subject.ts'

describe('the subject of an answer', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['The printer', 'Re: The printer'],
    ['Re: The printer', 'Re: The printer'],
    ['RE: re: AW: Fwd: The printer', 'Re: The printer'],
    ['Re[5]: The printer', 'Re: The printer'],
    ['回复：プリンター', 'Re: プリンター'],
    ['The printer (fwd)', 'Re: The printer'],
    ['[Fwd: The printer]', 'Re: The printer'],
    ['[Urgent] The printer', 'Re: [Urgent] The printer'],
    ['Re: [list] Re: [list] The printer', 'Re: [list] The printer'],
    ['Re: [#acme-12] The printer', 'Re: [#acme-12] The printer'],
    ['[Urgent]', 'Re: [Urgent]'],
    ['Order [#1234] is missing', 'Re: Order [#1234] is missing'],
    ['Re: a\r\nBcc: x@y.example', 'Re: a Bcc: x@y.example'],
    ['', 'Re:'],
    ['Re:', 'Re:'],
    ['  ', 'Re:'],
  ]
  for (const [subject, expected] of cases)
    test(JSON.stringify(subject), () => {
      assert.equal(replySubject(subject), expected)
      assert.equal(replySubject(expected), expected)
    })

  test('is no longer than a person reads', () => {
    const subject = replySubject('👍'.repeat(5000))
    assert.ok(subject.length < 1010 && subject.isWellFormed())
    assert.equal(replySubject(subject).length <= subject.length + 1, true)
  })
})

describe('the tag of a ticket', () => {
  for (const subject of ['The printer', 'Re: The printer', '', 'Re:', 'Re: [Urgent] The printer'])
    test(`is found again in ${JSON.stringify(subject)}`, () => {
      const tagged = taggedSubject(subject, 'acme-vn', 12)
      assert.deepEqual(taggedNumbers(tagged, 'acme-vn'), [12])
      assert.equal(taggedSubject(tagged, 'acme-vn', 12), tagged)
      if (baseSubject(subject) !== '') assert.equal(baseSubject(tagged), baseSubject(subject))
    })

  test('stands behind the mark of an answer', () =>
    assert.equal(taggedSubject('Re: The printer', 'acme', 12), 'Re: [#acme-12] The printer'))

  test('stays through the next answer', () =>
    assert.equal(replySubject(taggedSubject('The printer', 'acme', 12)), 'Re: [#acme-12] The printer'))
})
