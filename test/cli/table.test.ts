import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {Chalk} from 'chalk'
import {cutLine} from '../../src/lib/cli/cut-line.ts'
import {renderTable, type Column} from '../../src/lib/cli/table.ts'
import {textWidth} from '../../src/lib/cli/text-width.ts'
import {wrapText} from '../../src/lib/cli/wrap-text.ts'

interface Row {
  readonly id: number
  readonly subject: string
  readonly from: string | null
}

/** As `ticket list` and `quarantine list` have them. */
const COLUMNS: readonly Column<Row>[] = [
  {title: 'ID', value: (row) => row.id, right: true},
  {title: 'SUBJECT', value: (row) => row.subject || '(no subject)', shrinks: true},
  {title: 'FROM', value: (row) => row.from, shrinks: true, from: 60},
]

const render = (rows: readonly Row[], width: number | null) =>
  renderTable(rows, COLUMNS, {colour: new Chalk({level: 0}), width})

const rowsWith = (subject: string): Row[] =>
  Array.from({length: 50}, (_, id) => ({
    id,
    subject: id === 7 ? subject : 'Hinge 日本',
    from: id === 9 ? subject : null,
  }))

/** The least of some runs in milliseconds. */
function timeOf(work: () => void): number {
  const times = Array.from({length: 5}, () => {
    const started = performance.now()
    work()
    return performance.now() - started
  })
  return Math.min(...times)
}

/** How many times longer than a list of common subjects a list with endless ones may take; its rows are wider, too. */
const GENEROUS = 30

const ENDLESS = [
  ['letters', 'x'.repeat(1_000_000)],
  ['words', 'word '.repeat(200_000)],
  ['wide letters', '日本語'.repeat(333_333)],
  ['marks over one letter', `a${'\u0301'.repeat(1_000_000)}`],
  ['control characters', '\u001B'.repeat(1_000_000)],
  ['line breaks', '\r\n'.repeat(500_000)],
] as const

describe('a table', () => {
  test('has a line for each row, and cuts what is too long', () => {
    const rows = [{id: 1, subject: 'Hinge\u001B[2J', from: 'x'.repeat(300)}]
    assert.equal(render(rows, null), `ID  SUBJECT    FROM\n 1  Hinge␛[2J  ${'x'.repeat(199)}…\n`)
    assert.equal(render(rows, 40), 'ID  SUBJECT\n 1  Hinge␛[2J\n')
    assert.equal(render(rows, 60), `ID  SUBJECT    FROM\n 1  Hinge␛[2J  ${'x'.repeat(42)}…\n`)
  })

  for (const [what, subject] of ENDLESS)
    test(`with a megabyte of ${what} takes no longer than with a line of them`, () => {
      for (const width of [null, 80]) {
        const shown = render(rowsWith(subject), width)
        assert.equal(shown.split('\n').length, 52)
        assert.ok(shown.length < 50 * 1000, `${shown.length} characters`)
        const usual = timeOf(() => render(rowsWith(subject.slice(0, 100)), width))
        const endless = timeOf(() => render(rowsWith(subject), width))
        assert.ok(endless < usual * GENEROUS, `${endless} ms instead of ${usual} ms`)
      }
    })
})

describe('a line', () => {
  for (const [text, columns, expected] of [
    ['Hinge', 5, 'Hinge'],
    ['Hinges', 5, 'Hing…'],
    ['日本語', 6, '日本語'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['👩‍👩‍👧 and I', 4, '👩‍👩‍👧 …'],
    ['a\r\nb\u202Ec', 20, 'a b<U+202E>c'],
    ['', 5, ''],
  ] as const)
    test(`of ${JSON.stringify(text)} in ${columns} columns`, () => {
      assert.equal(cutLine(text, columns), expected)
      assert.ok(textWidth(cutLine(text, columns)) <= columns)
    })

  test('says where marks without end were left out', () => {
    const cut = cutLine(`a${'\u0301'.repeat(1000)}`, 20)
    assert.ok(cut.length < 100 && cut.endsWith('…'), cut)
  })
})

test('wrapped text of endless quotation marks is no longer than some times the text', () => {
  for (const start of ['> '.repeat(100_000), ' '.repeat(100_000)]) {
    const text = `${start}${'letters '.repeat(20_000)}`
    const lines = wrapText(text, 80)
    assert.ok(lines.length > 1000)
    assert.equal(lines.join('').match(/letters/g)!.length, 20_000)
    assert.ok(lines.join('').length < text.length * 4)
  }
})
