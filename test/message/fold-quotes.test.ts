import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {foldQuotes, quoteMark} from '../../src/lib/message/fold-quotes.ts'

const FOLD = '<details><summary>Quoted text</summary>'

/** What is marked `W` is a whole quote, `O` one that goes on; then what is folded. */
const cases: readonly (readonly [name: string, html: string, folded: string])[] = [
  ['an element that holds it', '<p>a</p><W>b</div>', `<p>a</p>${FOLD}<div>b</div></details>`],
  ['text before, without an element', 'a<W>b</div>', `a${FOLD}<div>b</div></details>`],
  ['an answer below the quote', '<W>b</div>a', `${FOLD}<div>b</div></details>a`],
  ['quotes within a quote once', 'a<W>b<W>c</div></div>', `a${FOLD}<div>b<div>c</div></div></details>`],
  ['what follows a mark', '<div>a<O>b</div>c</div>', `<div>a${FOLD}<div>b</div>c</details></div>`],
  [
    'what follows a mark that is alone in an element',
    '<div><p>a</p><div> <O>b</div></div>c</div>',
    `<div><p>a</p>${FOLD}<div> <div>b</div></div>c</details></div>`,
  ],
  ['what follows a mark up to the end', 'a<O></div>b', `a${FOLD}<div></div>b</details>`],
  ['below a picture', '<img /><W>b</div>', `<img />${FOLD}<div>b</div></details>`],
  ['nothing of a mail that is passed on', '<div><O>b</div>c</div>', '<div><div>b</div>c</div>'],
  ['nothing where answers stand between quotes', '<W>b</div>a<W>c</div>d', '<div>b</div>a<div>c</div>d'],
  [
    'several quotes at the end',
    'a<W>b</div> <W>c</div>',
    `a${FOLD}<div>b</div></details> ${FOLD}<div>c</div></details>`,
  ],
  ['nothing between the rows of a table', 'a<table><W>b</div></table>', 'a<table><div>b</div></table>'],
]

describe('quotes are folded', () => {
  for (const [name, html, folded] of cases)
    test(name, () =>
      assert.equal(
        foldQuotes(html.replaceAll('<W>', '<div data-quote="whole">').replaceAll('<O>', '<div data-quote="onwards">')),
        folded,
      ),
    )

  test('in linear time', () => {
    for (const piece of [
      '<div data-quote="onwards"></div>',
      '<div data-quote="whole">',
      '<div>',
      'a<div data-quote="whole">b</div>',
    ])
      assert.ok(foldQuotes(piece.repeat(1_000_000 / piece.length)).length > 0)
  })
})

test('the marks of mail programs are known', () => {
  for (const [element, attributes, mark] of [
    ['blockquote', {type: 'CITE'}, 'whole'],
    ['blockquote', {}, null],
    ['div', {class: 'gmail_quote gmail_quote_container'}, 'whole'],
    ['div', {class: 'x_x_gmail_quote'}, 'whole'],
    ['div', {class: 'yahoo_quoted', id: 'yahoo_quoted_123'}, 'whole'],
    ['div', {name: 'quote'}, 'whole'],
    ['div', {id: 'divRplyFwdMsg'}, 'onwards'],
    ['div', {id: 'x_appendonsend'}, 'onwards'],
    ['div', {style: 'border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'}, 'onwards'],
    ['div', {style: 'border:none;border-top:solid red 1.0pt'}, null],
    ['div', {class: 'quote'}, null],
  ] as const)
    assert.equal(quoteMark(element, attributes), mark, JSON.stringify(attributes))
})
