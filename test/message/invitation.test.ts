import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {readInvitation} from '../../src/lib/message/invitation.ts'
import {parseMessage} from '../../src/lib/message/parse.ts'
import {lines} from './mail.ts'

const calendar = (...event: readonly string[]) =>
  lines('BEGIN:VCALENDAR', 'METHOD:REQUEST', 'BEGIN:VTIMEZONE', 'TZID:X', 'DTSTART:19700101T000000', 'END:VTIMEZONE', 'BEGIN:VEVENT', ...event, 'END:VEVENT', 'END:VCALENDAR') // prettier-ignore

const NOTHING = {
  method: 'REQUEST',
  summary: null,
  start: null,
  end: null,
  location: null,
  organizer: null,
  status: null,
  description: null,
}

describe('invitation', () => {
  const cases: readonly (readonly [string, readonly string[], object])[] = [
    ['of nothing', [], {}],
    [
      'with folded and escaped text',
      ['SUMMARY:Rev', ' iew\\, part 2', 'DESCRIPTION;LANGUAGE=en:one\\ntwo\\;', '\t three'],
      {summary: 'Review, part 2', description: 'one\ntwo; three'},
    ],
    [
      'with times of zones',
      ['DTSTART;TZID="Europe/Berlin":20261103T100000', 'DTEND;TZID=Europe/Berlin:20261103T1100'],
      {start: '2026-11-03T10:00:00 Europe/Berlin', end: '2026-11-03T11:00:00 Europe/Berlin'},
    ],
    [
      'with times in UTC and days',
      ['DTSTART:20261103T090000Z', 'DTEND;VALUE=DATE:20261104'],
      {start: '2026-11-03T09:00:00Z', end: '2026-11-04'},
    ],
    ['with times that are none', ['DTSTART:tomorrow', 'DTEND:'], {}],
    [
      'with an organizer',
      ['ORGANIZER;CN="Weber; Sabine":MAILTO:S@X.example', 'status:confirmed', 'location:Room 7'],
      {organizer: {name: 'Weber; Sabine', address: 'S@x.example'}, status: 'CONFIRMED', location: 'Room 7'},
    ],
    ['with an organizer that is no address', ['ORGANIZER;CN=x:urn:uuid:1'], {}],
    [
      'with an alarm, which has words of its own',
      ['BEGIN:VALARM', 'SUMMARY:alarm', 'END:VALARM', 'SUMMARY:meeting', 'SUMMARY:again'],
      {summary: 'meeting'},
    ],
    ['with lines that are none', ['SUMMARY', ';:', ':', 'SUMMARY;X="unclosed:a', 'LOCATION:b'], {location: 'b'}],
  ]
  for (const [name, event, expected] of cases) {
    test(name, () => assert.deepEqual(readInvitation(calendar(...event)), {...NOTHING, ...expected}))
  }

  test('of a calendar without an event is none', () => {
    assert.equal(readInvitation(''), null)
    assert.equal(readInvitation('BEGIN:VCALENDAR\r\nEND:VCALENDAR'), null)
  })

  test('alone in a mail is what a person reads', () => {
    const {message, body} = parseMessage(
      Buffer.from(
        `Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n${calendar('SUMMARY:Übergabe', 'DTSTART:20261103T090000Z', 'LOCATION:Raum 7', 'ORGANIZER;CN=Ute:mailto:u@x.example', 'DESCRIPTION:Bitte kommen')}`,
      ),
    )
    assert.equal(
      body.text,
      'Invitation: Übergabe\nWhen: 2026-11-03T09:00:00Z\nWhere: Raum 7\nOrganizer: Ute <u@x.example>\n\nBitte kommen\n',
    )
    assert.equal(message.invitation?.summary, 'Übergabe')
  })
})
