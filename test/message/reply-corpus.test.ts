/** Replies of real mail programs with what is expected to be told apart; not part of the repository. */
import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {splitReply} from '../../src/lib/message/reply-text.ts'
import {corpusCases} from '../support/corpus.ts'

const cases = corpusCases('reply-trimmer').filter(({expect}) => expect.reply_text !== undefined)

/** Where we differ on purpose (docs/reply-text.md) is far below this. */
const EXACT_SHARE = 0.9

/** Words alone: the expected texts join wrapped lines and write every mark of a quote as `>`. */
function words(text: string): string {
  return text
    .split(/\s+/)
    .filter((word) => !/^[>|]*$/.test(word))
    .join(' ')
}

describe('expected replies', {skip: cases.length === 0 && 'no folder of real replies'}, () => {
  test('the words of the person, exactly', (context) => {
    const wrong = cases.filter(
      ({bytes, expect}) => splitReply(bytes.toString('utf8'), null).replyText !== expect.reply_text,
    )
    context.diagnostic(`${cases.length - wrong.length} of ${cases.length} are exact`)
    assert.ok(cases.length - wrong.length >= EXACT_SHARE * cases.length, wrong.map(({file}) => file).join(', '))
  })

  test('what is quoted, by its words', (context) => {
    const wrong = cases.filter(
      ({bytes, expect}) =>
        words(splitReply(bytes.toString('utf8'), null).quotedText) !== words(expect.elided_text ?? ''),
    )
    context.diagnostic(`${cases.length - wrong.length} of ${cases.length} agree`)
    assert.ok(cases.length - wrong.length >= EXACT_SHARE * cases.length, wrong.map(({file}) => file).join(', '))
  })
})
