import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {readHeader} from '../../src/lib/message/header.ts'

const read = (text: string) => readHeader(Buffer.from(text, 'latin1'))
const pairs = (text: string) => read(text).fields.map(({name, value}) => `${name}=${value}`)

describe('header', () => {
  test('fields in order, names in lower case, values unfolded and trimmed', () => {
    assert.deepEqual(pairs('Subject: a\r\n b\r\n\tc \r\nTO:x\r\nEmpty:\r\n'), ['subject=a b\tc', 'to=x', 'empty='])
  })
  test('line feeds alone, spaces before the colon, colons in the value', () => {
    assert.deepEqual(pairs('A : 1\nB: x:y\n'), ['a=1', 'b=x:y'])
  })
  test('encoded words stay as they are', () => {
    assert.deepEqual(pairs('Subject: =?utf-8?Q?a?=\r\n'), ['subject==?utf-8?Q?a?='])
  })
  test('lines that are no field are counted, but for those of an mbox, and what continues them is left out', () => {
    const header = read('>From x Mon Jan 1 00:00\r\nA: 1\r\nno field\r\n: 2\r\nB\xe4: 3\r\nC: 4\r\n')
    assert.deepEqual(
      header.fields.map(({name}) => name),
      ['a', 'c'],
    )
    assert.equal(header.malformedLines, 3)
    assert.equal(header.firstMalformed, '>From x Mon Jan 1 00:00\r\nA: 1\r\n'.length)
    assert.deepEqual(pairs(' lost\r\nA: 1\r\n'), ['a=1'])
  })
  test('carriage returns alone end lines where there is nothing else, and may be doubled', () => {
    assert.deepEqual(pairs('A: 1\rB: 2\r 3\r'), ['a=1', 'b=2 3'])
    assert.deepEqual(pairs('A: 1\r\r\nB: 2\r3\r\r\n'), ['a=1', 'b=2\r3'])
  })
  test('raw bytes are in the charset that the mail names for its text, where they can be', () => {
    const subject = (text: string, charset: string | null = null) =>
      readHeader(Buffer.from(text, 'latin1'), charset).fields[0]?.value
    assert.equal(subject('Subject: \xf0\xd2\xc9\r\nContent-Type: text/plain; charset=koi8-r'), 'При')
    assert.equal(subject('Subject: \xc4\xe3', 'gb2312'), '你')
    assert.equal(subject('Subject: Vi\xaet', 'viscii'), 'Việt')
    assert.equal(subject('Subject: f\xfcr', 'utf-8'), 'für')
    assert.equal(subject('Subject: f\xfcr', 'x-nowhere'), 'für')
    assert.equal(subject('Subject: f\xc3\xbcr', 'koi8-r'), 'für')
  })
  test('each value is read as UTF-8, or else as windows-1252', () => {
    const header = readHeader(Buffer.concat([Buffer.from('A: ä\r\n'), Buffer.from('B: \xe4\x80\r\n', 'latin1')]))
    assert.deepEqual(
      header.fields.map(({value}) => value),
      ['ä', 'ä€'],
    )
    assert.equal(header.notUtf8, true)
    assert.equal(readHeader(Buffer.from('A: ä')).notUtf8, false)
  })
})
