/** What it means that a probe did not come back, or as a report: pure. */
import {failed, type Finding} from '../channel/stage.ts'
import {rowOfReply} from '../connection/explain-reply.ts'
import {EXIT, type Fix} from '../errors.ts'
import type {ForwardingSteps} from './judge-arrival.ts'
import type {BouncedProbe, Forward} from './probe.ts'

/** The words of the server that refused it, and what they mean. */
export function judgeBounce(
  {channel, internal}: Forward,
  {at, recipients}: BouncedProbe,
  steps: ForwardingSteps,
): Finding {
  const [first] = recipients
  const words = first?.diagnostic ?? ''
  const refused = first?.recipient ?? ''
  const known = knownRow(words)
  const atTarget = refused.toLowerCase() === internal.address.toLowerCase()
  return failed(
    {
      code: known?.id ?? 'PROBE_BOUNCED',
      exitCode: EXIT.notReceived,
      title: `Mail to ${channel.address} comes back undelivered${known === null ? '' : `: ${known.title}`}`,
      why: known?.why ?? whyOf(first?.reason, refused, atTarget, internal.address),
      fixes: known?.fixes ?? (atTarget ? CHECK_TARGET : steps),
      ...(words === '' ? {} : {serverReply: words}),
      ...(known === null ? {} : {certainty: known.certainty}),
    },
    {at, recipient: refused === '' ? null : refused, status: first?.status ?? null, reason: first?.reason ?? null},
  )
}

/** Whose words they are is not known: the server that refused it may be anybody's. */
function knownRow(words: string) {
  const context = {protocol: 'smtp', host: '', provider: null, user: null} as const
  return rowOfReply(words, {...context, step: 'message'}) ?? rowOfReply(words, {...context, step: 'recipient'})
}

const CHECK_TARGET: readonly Fix[] = [
  {
    text: 'The server that takes mail for the domain of the portal refuses it: see its log, and what its MX is.',
    command: 'postdesk email test inbound',
  },
]

function whyOf(reason: string | undefined, refused: string, atTarget: boolean, internal: string): string {
  if (atTarget) return `the provider forwards it to ${internal}, and the server there refuses it`
  if (refused === '') return 'the report names no recipient'
  return `it could not be delivered to ${refused}: ${reason ?? 'unknown'}; it was to be forwarded to ${internal}`
}

/** What was seen while nothing came. */
export interface Absence {
  readonly waitedSeconds: number
  /** Why nobody could look into the inbound; null where somebody did. */
  readonly blind: string | null
  /** What a provider asks for before it forwards mail to the target; null where nothing waits. */
  readonly confirmation: Fix | null
  /** The provider asks to confirm a forward before it forwards anything. */
  readonly confirms: boolean
  /** How long the slowest probe took that came lately; null where none came. */
  readonly slowestMs: number | null
  /** When the forward was last proved to work; null for never. */
  readonly verifiedAt: string | null
}

/** Accepted, and nowhere in time. */
export function judgeAbsence(
  {channel, internal, portalKey}: Forward,
  absence: Absence,
  steps: ForwardingSteps,
): Finding {
  const {waitedSeconds, blind, confirmation, confirms, slowestMs, verifiedAt} = absence
  const evidence = {waitedSeconds, lookedIntoInbound: blind === null, forwardingVerifiedAt: verifiedAt}
  const causes = [
    ...(blind === null ? [] : [`nobody has looked: ${blind}`]),
    ...(confirmation === null ? [] : [`a forward to ${internal.address} waits to be confirmed`]),
    ...(verifiedAt === null
      ? [`${channel.address} is not forwarded to ${internal.address} at all`]
      : [`the forward was taken away since ${verifiedAt}, when it was last proved`]),
    ...(confirmation === null && confirms ? ['the forward is set up, and was not confirmed yet'] : []),
    'a filter on the way has put it away or dropped it: see the junk folder of the mailbox at the provider',
    slowestMs === null
      ? `it is slow: some forwards take longer than ${waitedSeconds} s`
      : `it is slow: an earlier probe took ${Math.round(slowestMs / 1000)} s`,
    'the provider does not forward what a mailbox sends to itself: write to the address from another one',
  ]
  return failed(
    {
      code: 'PROBE_NOT_RECEIVED',
      exitCode: EXIT.notReceived,
      title: `Mail to ${channel.address} did not come in within ${waitedSeconds} s`,
      why: `the provider took it, and it did not arrive at ${internal.address}${verifiedAt === null ? '' : `; what was proved at ${verifiedAt} stands until it is disproved`}`,
      certainty: 'likely',
      causes,
      fixes: [
        ...(confirmation === null ? [] : [confirmation]),
        ...steps,
        {
          text: 'Then try again, and wait longer:',
          command: `postdesk email test ${channel.address} --roundtrip --wait ${Math.max(600, waitedSeconds * 2)} --portal ${portalKey}`,
        },
      ],
    },
    evidence,
  )
}
