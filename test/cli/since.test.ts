/** What `--since` understands, and in which zone. */
import assert from 'node:assert/strict'
import {test} from 'node:test'
import {parseSince} from '../../src/lib/cli/since.ts'
import {PostdeskError} from '../../src/lib/errors.ts'

const READ: readonly (readonly [text: string, timezone: string, instant: string])[] = [
  ['all', 'Europe/Berlin', '1970-01-01T00:00:00.000Z'],
  ['2026-03-01', 'UTC', '2026-03-01T00:00:00.000Z'],
  ['2026-03-01', 'Asia/Ho_Chi_Minh', '2026-02-28T17:00:00.000Z'],
  ['2026-03-01', 'America/Los_Angeles', '2026-03-01T08:00:00.000Z'],
  ['2026-03-01', 'Asia/Kathmandu', '2026-02-28T18:15:00.000Z'],
  ['2026-03-01T09:30', 'Europe/Berlin', '2026-03-01T08:30:00.000Z'],
  ['2026-03-01 09:30:15', 'Europe/Berlin', '2026-03-01T08:30:15.000Z'],
  ['2026-03-01T09:30:15.5', 'UTC', '2026-03-01T09:30:15.500Z'],
  // A zone in the text wins over the portal's.
  ['2026-03-01T09:30Z', 'Asia/Ho_Chi_Minh', '2026-03-01T09:30:00.000Z'],
  ['2026-03-01T09:30+07:00', 'UTC', '2026-03-01T02:30:00.000Z'],
  ['2026-03-01T09:30-0330', 'UTC', '2026-03-01T13:00:00.000Z'],
  ['2026-03-01T23:30-08:00', 'UTC', '2026-03-02T07:30:00.000Z'],
  ['2026-03-01z', 'UTC', '2026-03-01T00:00:00.000Z'],
  ['2026-03-01+02:00', 'UTC', '2026-02-28T22:00:00.000Z'],
  // Summer time: before, in and after the changes of 29 March and 25 October 2026.
  ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z'],
  ['2026-03-29T01:59', 'Europe/Berlin', '2026-03-29T00:59:00.000Z'],
  ['2026-03-29T03:00', 'Europe/Berlin', '2026-03-29T01:00:00.000Z'],
  ['2026-03-30', 'Europe/Berlin', '2026-03-29T22:00:00.000Z'],
  ['2026-10-25', 'Europe/Berlin', '2026-10-24T22:00:00.000Z'],
  ['2026-10-25T03:00', 'Europe/Berlin', '2026-10-25T02:00:00.000Z'],
  ['2026-10-26', 'Europe/Berlin', '2026-10-25T23:00:00.000Z'],
  // Midnight that does not exist: the day begins an hour later.
  ['2026-04-24', 'Africa/Cairo', '2026-04-23T22:00:00.000Z'],
  ['2024-02-29', 'UTC', '2024-02-29T00:00:00.000Z'],
]

for (const [text, timezone, instant] of READ)
  test(`${text} in ${timezone} is ${instant}`, () => assert.equal(parseSince(text, timezone), instant))

for (const text of [
  ...[
    '',
    'yesterday',
    '2026',
    '2026-3-1',
    '01.03.2026',
    '2026-02-31',
    '2026-13-01',
    '2026-03-01T24:30',
    '2026-03-01T9',
  ],
  ...[
    '2026-03-01T09:60',
    '2026-03-01T09:30+25:00',
    '2026-03-01T09:30 CET',
    ' 2026-03-01',
    '2026-03-01\n',
    'All',
    '٢٠٢٦-٠٣-٠١',
  ],
])
  test(`${JSON.stringify(text)} is refused with the forms that are understood`, () => {
    assert.throws(
      () => parseSince(text, 'UTC'),
      (error: unknown) => error instanceof PostdeskError && error.exitCode === 64 && error.why.includes('2026-03-01'),
    )
  })
