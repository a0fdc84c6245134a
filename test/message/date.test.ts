import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {readDate} from '../../src/lib/message/date.ts'

const cases: readonly (readonly [string, string | null])[] = [
  ['Tue, 3 Nov 2026 10:11:12 +0100', '2026-11-03T09:11:12.000Z'],
  ['3 Nov 2026 10:11 -0530', '2026-11-03T15:41:00.000Z'],
  ['Tue, 03 Nov 2026 10:11:12 +0100 (CET)', '2026-11-03T09:11:12.000Z'],
  ['Tue,  3 NOV 2026 10:11:12 GMT', '2026-11-03T10:11:12.000Z'],
  ['Tue, 3 Nov 2026 10:11:12 EST', '2026-11-03T15:11:12.000Z'],
  ['Tue, 3 Nov 2026 10:11:12 Z', '2026-11-03T10:11:12.000Z'],
  ['Tue, 3 Nov 2026 10:11:12', '2026-11-03T10:11:12.000Z'],
  ['Tue, 3 November 2026 10:11:12 +01:00', '2026-11-03T09:11:12.000Z'],
  ['3-Nov-2026 10:11:12 +0000', '2026-11-03T10:11:12.000Z'],
  ['Tue 3 Nov 26 10:11:12 +0000', '2026-11-03T10:11:12.000Z'],
  ['Mon, 3 Nov 97 10:11:12 +0000', '1997-11-03T10:11:12.000Z'],
  ['Mon, 3 Nov 126 10:11:12 +0000', '2026-11-03T10:11:12.000Z'],
  ['2026-11-03T10:11:12+01:00', '2026-11-03T09:11:12.000Z'],
  ['', null],
  ['yesterday', null],
  ['Tue, 3 Foo 2026 10:11:12 +0100', null],
  ['Tue, 42 Nov 2026 10:11:12 +0100', null],
  ['Tue, 3 Nov 2026 10:99:12 +0100', null],
  ['Tue, 3 Nov 1026 10:11:12 +0100', null],
  ['Tue, 31 Feb 2026 10:11:12 +0100', null],
]

describe('date', () => {
  for (const [value, date] of cases) test(`"${value}"`, () => assert.equal(readDate(value), date))
})
