/**
 * What kind of mail it is, and by which header. The order is that of certainty: our own mail and loops first, then what
 * reports on other mail, what a machine wrote, what goes to many; what shows none of these is a person's.
 */
import {automaticSign, automaticSubject, bulkSign, hasNullReturnPath, suppressesAnswers} from '../message/automatic.ts'
import {loopMarkIn} from '../message/loop-mark.ts'
import type {Field, Report} from '../message/message.ts'
import type {Arrival, Facts, Verdict} from './facts.ts'
import {ownMessage} from './own-message.ts'

/** Postfix's `hopcount_limit`: no mail that still travels has more (RFC 5321 6.3 asks for a generous limit). */
const MAX_HOPS = 50

const verdict = (kind: Verdict['kind'], reason: string, header: string | null): Verdict => ({
  kind,
  reason,
  header,
  bounces: [],
})

export function judge(arrival: Arrival, facts: Facts): Verdict {
  const {message} = arrival
  if (ownMessage(arrival, facts) !== null)
    return verdict('own', 'a copy of a mail that was sent from here', 'message-id')
  const loop = loopOf(message.fields, facts.portal.loopMark)
  if (loop !== null) return loop
  if (message.report !== null) return reported(message.report)

  const automatic = automaticSign(message)
  if (automatic !== null) return verdict('auto-reply', automatic.why, automatic.header)
  const bulk = bulkSign(message)
  if (bulk !== null) return verdict('bulk', bulk.why, bulk.header)
  // RFC 5321 4.5.5: only notifications and the like have no return path.
  if (arrival.envelope?.sender === null) return verdict('auto-reply', 'the null return path', 'envelope')
  if (hasNullReturnPath(message)) return verdict('auto-reply', 'the null return path', 'return-path')
  return hinted(arrival) ?? verdict('human', 'no header shows a machine', null)
}

/** A subject as assistants write it decides only where another sign agrees: a person may write so too. */
function hinted({message}: Arrival): Verdict | null {
  const words = automaticSubject(message)
  if (words === null) return null
  const answers = message.inReplyTo.length > 0 || message.references.length > 0
  if (!answers && suppressesAnswers(message) === null) return null
  return verdict('auto-reply', `the subject begins with "${words}", as out-of-office assistants write`, 'subject')
}

function loopOf(fields: readonly Field[], mark: string): Verdict | null {
  const marked = loopMarkIn(fields, mark)
  if (marked !== null) return verdict('loop', 'the mail was sent from here, and came back under another id', marked)
  const hops = fields.filter(({name}) => name === 'received').length
  if (hops > MAX_HOPS) return verdict('loop', `it went through ${hops} servers`, 'received')
  const twice = deliveredTwice(fields)
  return twice === null ? null : verdict('loop', `it was delivered to ${twice} before`, 'delivered-to')
}

/** The address that a mail was delivered to, passed on, and delivered to again (RFC 9228 4). */
function deliveredTwice(fields: readonly Field[]): string | null {
  /** By address, the number of Received fields above its topmost mention. */
  const seen = new Map<string, number>()
  let hops = 0
  for (const {name, value} of fields) {
    if (name === 'received') hops++
    else if (name === 'delivered-to') {
      const address = value.trim().toLowerCase()
      const first = seen.get(address)
      if (first !== undefined && first < hops) return address
      if (first === undefined) seen.set(address, hops)
    }
  }
  return null
}

function reported(report: Report): Verdict {
  switch (report.kind) {
    case 'bounce': {
      const [first] = report.recipients
      // RFC 3464 2.3.3: a notice that the mail arrived is a report, and nothing came back.
      const arrived = report.recipients.every(({action}) => ['delivered', 'relayed', 'expanded'].includes(action))
      const about = first === undefined ? 'a delivery report' : `${first.recipient || 'a recipient'}: ${first.reason}`
      return {
        kind: arrived && first !== undefined ? 'report' : 'bounce',
        reason: `${about} (${report.rule})`,
        header: null,
        bounces: report.recipients,
      }
    }
    case 'feedback':
      return verdict('report', `a complaint: ${report.feedbackType}`, 'content-type')
    case 'disposition':
      return verdict('report', `a receipt: ${report.disposition}`, 'content-type')
  }
}
