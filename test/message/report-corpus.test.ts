import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import type {BouncedRecipient, BounceReason, Report} from '../../src/lib/message/message.ts'
import {parseFacts} from '../../src/lib/message/parse.ts'
import {corpusCases, type CorpusCase} from '../support/corpus.ts'

/** Our reasons for the words of sisimai. Its `onhold` and `undefined` say nothing. */
const REASONS: Readonly<Record<string, readonly BounceReason[]>> = {
  userunknown: ['user-unknown'],
  hostunknown: ['host-unknown'],
  hasmoved: ['moved'],
  notaccept: ['not-accepting'],
  mailboxfull: ['mailbox-full'],
  mesgtoobig: ['message-too-large'],
  exceedlimit: ['message-too-large'],
  // A delivery that was given up because no connection came about.
  expired: ['expired', 'network-error'],
  networkerror: ['network-error', 'host-unknown'],
  failedstarttls: ['network-error', 'policy'],
  blocked: ['blocked'],
  badreputation: ['blocked'],
  requireptr: ['blocked'],
  spamdetected: ['spam'],
  policyviolation: ['policy'],
  securityerror: ['policy'],
  rejected: ['policy'],
  authfailure: ['authentication'],
  contenterror: ['content', 'protocol'],
  virusdetected: ['virus'],
  suspend: ['suspended'],
  speeding: ['rate-limited'],
  toomanyconn: ['rate-limited'],
  norelaying: ['relay-denied'],
  filtered: ['filtered'],
  notcompliantrfc: ['protocol'],
  syntaxerror: ['protocol'],
  mailererror: ['system-error'],
  systemerror: ['system-error'],
  systemfull: ['system-error'],
  onhold: ['unknown'],
}

const cases = [...corpusCases('sisimai'), ...corpusCases('chatwoot')].filter(({kind}) => kind === 'message')
const reports = new Map(cases.map((one) => [one, parseFacts(one.bytes).report]))

function undelivered(report: Report | null | undefined): readonly BouncedRecipient[] {
  if (report?.kind !== 'bounce') return []
  return report.recipients.filter(({action}) => action === 'failed' || action === 'delayed')
}

const folded = (addresses: readonly string[]) => [...new Set(addresses.map((one) => one.toLowerCase()))].sort()

/** The share of pairs for which something holds, at least `least`; the others are named where it is not reached. */
function assertShare<T>(all: readonly T[], least: number, holds: (one: T) => boolean, name: (one: T) => string): void {
  const wrong = all.filter((one) => !holds(one))
  assert.ok(
    all.length > 0 && 1 - wrong.length / all.length >= least,
    `${all.length - wrong.length} of ${all.length}; not: ${wrong.map(name).join(', ')}`,
  )
}

const nameOf = ({file}: CorpusCase) => file

describe('reports of the corpus', {skip: cases.length === 0}, () => {
  const bounces = cases.filter(({expect}) => expect.is_bounce === true && expect.bounced_recipients !== undefined)
  const failures = bounces.flatMap((one) =>
    (one.expect.bounces ?? []).map((bounce) => {
      const found = undelivered(reports.get(one))
      const sameAddress = found.find(({recipient}) => recipient.toLowerCase() === bounce.recipient?.toLowerCase())
      return {one, bounce, found: sameAddress ?? found[0]}
    }),
  )

  test('bounces name the recipients', () => {
    assertShare(
      bounces,
      0.97,
      (one) =>
        folded(undelivered(reports.get(one)).map(({recipient}) => recipient)).join() ===
        folded(one.expect.bounced_recipients ?? []).join(),
      nameOf,
    )
  })

  test('every other bounce is one', () => {
    const others = cases.filter(({expect}) => expect.is_bounce === true && expect.bounced_recipients === undefined)
    assertShare(others, 1, (one) => undelivered(reports.get(one)).length > 0, nameOf)
  })

  test('permanent and temporary failures are told apart', () => {
    assertShare(
      failures.filter(({bounce}) => bounce.hard !== null),
      0.95,
      ({bounce, found}) => found?.permanent === bounce.hard,
      ({one}) => one.file,
    )
  })

  test('status codes are found', () => {
    // X.0.9nn are what sisimai makes up where there is none.
    const given = failures.filter(({bounce}) => bounce.status !== null && !/\.0\.9\d\d$/.test(bounce.status))
    assertShare(
      given,
      0.95,
      ({bounce, found}) => found?.status === bounce.status,
      ({one}) => one.file,
    )
  })

  test('reasons are those that others give', () => {
    assertShare(
      failures.filter(({bounce}) => bounce.reason !== null),
      0.8,
      ({bounce, found}) => found !== undefined && REASONS[bounce.reason ?? '']?.includes(found.reason) === true,
      ({one, bounce, found}) => `${one.file} (${bounce.reason}, ${found?.reason})`,
    )
  })

  test('complaints are complaints', () => {
    const complaints = cases.filter(({expect}) => expect.is_feedback_report === true)
    assertShare(
      complaints,
      1,
      (one) => {
        const report = reports.get(one)
        return report?.kind === 'feedback' && one.expect.feedback_types?.includes(report.feedbackType) === true
      },
      nameOf,
    )
  })

  test('nothing else is a bounce', () => {
    const others = cases.filter(({expect}) => expect.is_bounce === false || expect.is_auto_reply === true)
    assertShare(others, 1, (one) => undelivered(reports.get(one)).length === 0, nameOf)
  })

  test('the mail that is meant is found', () => {
    const meant = cases.filter((one) => one.expect.original_message_ids !== undefined && reports.get(one) !== null)
    assertShare(
      meant,
      0.98,
      (one) => {
        const id = reports.get(one)?.original.messageId
        return typeof id === 'string' && one.expect.original_message_ids?.includes(id) === true
      },
      nameOf,
    )
    const subjects = cases.filter((one) => one.expect.original_subject !== undefined && reports.get(one) !== null)
    assertShare(subjects, 0.9, (one) => reports.get(one)?.original.subject === one.expect.original_subject, nameOf)
  })
})
