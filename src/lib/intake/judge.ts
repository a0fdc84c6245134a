/**
 * What kind of mail it is, and by which header. The order is that of certainty: our own mail and loops first, then what
 * reports on other mail, what a machine wrote, what goes to many; what shows none of these is a person's.
 */
import {
  automaticSign,
  automaticSubject,
  bulkSign,
  hasNullReturnPath,
  isMachineAddress,
  suppressesAnswers,
} from '../message/automatic.ts'
import {loopMarkIn} from '../message/loop-mark.ts'
import type {Message, ProbePlace, Report} from '../message/message.ts'
import {PROBE_FIELD} from '../message/probe-mark.ts'
import type {Arrival, Facts, RecipientMatch, Verdict} from './facts.ts'
import {matchLoop} from './match-loop.ts'
import {matchProbe, probeReason} from './match-probe.ts'
import {ownMessage} from './own-message.ts'

const verdict = (kind: Verdict['kind'], reason: string, header: string | null): Verdict => ({
  kind,
  reason,
  header,
  bounces: [],
})

export function judge(arrival: Arrival, recipient: RecipientMatch | null, facts: Facts): Verdict {
  const {message} = arrival
  const probe = matchProbe(arrival, facts)
  if (probe !== null) {
    const bounces = probe.report?.recipients ?? []
    return {kind: 'own', reason: `a probe: ${probeReason(probe)}`, header: PROBE_FIELDS[probe.mark.place], bounces}
  }
  if (ownMessage(arrival, facts) !== null)
    return verdict('own', 'a copy of a mail that was sent from here', 'message-id')
  const loop = loopOf(message, recipient, facts.portal.loopMark)
  if (loop !== null) return loop
  if (message.report !== null) return reported(message.report, message)

  const automatic = automaticSign(message)
  if (automatic !== null) return verdict('auto-reply', automatic.why, automatic.header)
  const bulk = bulkSign(message)
  if (bulk !== null) return verdict('bulk', bulk.why, bulk.header)
  // RFC 5321 4.5.5: only notifications and the like have no return path.
  if (arrival.envelope?.sender === null) return verdict('auto-reply', 'the null return path', 'envelope')
  if (hasNullReturnPath(message)) return verdict('auto-reply', 'the null return path', 'return-path')
  return hinted(arrival) ?? verdict('human', 'no header shows a machine', null)
}

/** The field in which the mark of a probe stands. */
const PROBE_FIELDS: Readonly<Record<ProbePlace, string | null>> = {
  header: PROBE_FIELD.toLowerCase(),
  'message-id': 'message-id',
  text: null,
  report: null,
}

/** A subject as assistants write it decides only where another sign agrees: a person may write so too. */
function hinted({message}: Arrival): Verdict | null {
  const words = automaticSubject(message)
  if (words === null) return null
  const answers = message.inReplyTo.length > 0 || message.references.length > 0
  if (!answers && suppressesAnswers(message) === null) return null
  return verdict('auto-reply', `the subject begins with "${words}", as out-of-office assistants write`, 'subject')
}

function loopOf(message: Message, recipient: RecipientMatch | null, mark: string): Verdict | null {
  const marked = loopMarkIn(message.fields, mark)
  if (marked !== null) return verdict('loop', 'it was sent from here, and came back under another id', marked)
  const round = matchLoop(message, recipient)
  return round === null ? null : verdict('loop', round.why, round.header)
}

/** The field that a report is recognised by, where it is one. */
const REPORT_FIELDS: Readonly<Record<string, string>> = {
  'delivery-status': 'content-type',
  'failed-recipients-field': 'x-failed-recipients',
}

function reported(report: Report, {from}: Message): Verdict {
  switch (report.kind) {
    case 'bounce': {
      const [first] = report.recipients
      // RFC 3464 2.3.3: a notice that the mail arrived is a report, and nothing came back.
      const arrived = report.recipients.every(({action}) => ['delivered', 'relayed', 'expanded'].includes(action))
      const about = first === undefined ? 'a delivery report' : `${first.recipient || 'a recipient'}: ${first.reason}`
      return {
        kind: arrived && first !== undefined ? 'report' : 'bounce',
        reason: `${about} (${report.rule})`,
        header: REPORT_FIELDS[report.rule] ?? (isMachineAddress(from[0]?.address ?? '') ? 'from' : null),
        bounces: report.recipients,
      }
    }
    case 'feedback':
      return verdict('report', `a complaint: ${report.feedbackType}`, 'content-type')
    case 'disposition':
      return verdict('report', `a receipt: ${report.disposition}`, 'content-type')
  }
}
