/** What it means that a probe came back, and where: pure. */
import {failed, passed, type Evidence, type Finding} from '../channel/stage.ts'
import {EXIT, type ErrorParts, type Fix} from '../errors.ts'
import {describeWay} from './describe-way.ts'
import type {ArrivedProbe, Forward, SentProbe} from './probe.ts'

/** How the owner of the address sets its forward up, as ways to mend one. */
export type ForwardingSteps = readonly Fix[]

/** True where a customer's mail would now become a ticket of the address. */
export const isRight = ({channel, internal}: Forward, {seen, match}: ArrivedProbe): boolean =>
  (seen.by === 'intake' || seen.role === 'inbound') &&
  match.match?.channel.id === channel.id &&
  match.match.internal?.id === internal.id

/** Whether it came in where it had to, and is taken for what it is. */
export function judgeArrival(
  forward: Forward,
  sent: SentProbe,
  arrived: ArrivedProbe,
  steps: ForwardingSteps,
): Finding {
  const evidence = evidenceOf(sent, arrived)
  const problem = problemOf(forward, arrived, steps)
  if (problem !== null) return failed(problem, evidence)
  const {channel, internal} = forward
  // The mailbox tells whole seconds, by a clock of its own.
  const within = Math.max(1, Math.ceil(evidence.seconds))
  return passed(`Mail to ${channel.address} comes in at ${internal.address} within ${within} s`, evidence)
}

function evidenceOf(sent: SentProbe, arrived: ArrivedProbe): Evidence & {readonly seconds: number} {
  const {seen, at, match, message} = arrived
  return {
    seconds: Math.round((Date.parse(at) - Date.parse(sent.at)) / 100) / 10,
    seenBy: seen.by === 'intake' ? 'the reception' : `a look into ${seen.place}`,
    takenFor: match.match?.channel.address ?? null,
    takenBy: match.match?.header ?? null,
    ...describeWay(message.fields, sent.at),
  }
}

function problemOf(forward: Forward, {seen, match}: ArrivedProbe, steps: ForwardingSteps): ErrorParts | null {
  const {channel, internal, portalKey} = forward
  const on = `--portal ${portalKey}`
  const missed = (code: string, title: string, why: string, fixes: readonly Fix[]): ErrorParts => ({
    code,
    exitCode: EXIT.notReceived,
    title,
    why,
    fixes,
  })
  if (seen.by === 'look' && seen.role === 'junk')
    return missed(
      'PROBE_IN_JUNK',
      `Mail to ${channel.address} arrives among the junk`,
      `it lies in ${seen.place}, and only what the inbound is fetched from becomes a ticket`,
      [
        {text: `Have the mailbox take what is forwarded by ${channel.address}: a filter that never sends it to junk.`},
        {text: `Or mark the probe there as no junk, more than once: most filters learn.`},
      ],
    )
  if (seen.by === 'look' && seen.role === 'other')
    return missed(
      'PROBE_ELSEWHERE',
      `Mail to ${channel.address} arrives in another mailbox`,
      `it lies in ${seen.place}, and only what the inbound is fetched from becomes a ticket`,
      [
        {text: `End the rule or filter that puts it into ${seen.place}.`},
        {text: 'See which mailbox the inbound is fetched from:', command: `postdesk portal inbound show ${on}`},
      ],
    )
  if (match.match === null)
    return missed(
      'PROBE_WRONG_TARGET',
      `Mail to ${channel.address} is forwarded to no address of this portal`,
      match.why,
      [{text: `Forward it to ${internal.address}, exactly so.`}, ...steps],
    )
  const {match: taken} = match
  if (taken.channel.id === channel.id && taken.internal?.id === internal.id) return null
  const target = taken.internal ?? taken.channel
  if (target.id !== internal.id)
    return missed(
      'PROBE_WRONG_TARGET',
      `Mail to ${channel.address} comes in at ${target.address}, not at ${internal.address}`,
      `${taken.header} names that address`,
      [
        {text: `Forward it to ${internal.address} instead:`},
        ...steps,
        {
          text: 'Or, where it is as it should be, say so:',
          command: `postdesk email update ${channel.address} --forwards-to ${target.address} ${on}`,
        },
      ],
    )
  return missed(
    'PROBE_NOT_RECOGNISED',
    `Mail to ${channel.address} would be taken for ${taken.channel.address}`,
    taken.channel.id === internal.id
      ? `it arrived at the right place, and no header of it names ${channel.address} any more: the forward has rewritten To`
      : `it arrived at the right place, and ${taken.header} names ${taken.address}`,
    [
      {text: 'Choose "redirect" rather than "forward" where the provider has both: it leaves the header as it was.'},
      {text: 'Or have the provider add X-Forwarded-To, or its server Delivered-To, with that address.'},
    ],
  )
}
