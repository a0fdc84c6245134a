/** What would become of a customer's mail to an address: the decision of the reception itself, and nothing is written. */
import {randomUUID} from 'node:crypto'
import {passed, failed, warned, type Finding} from '../channel/stage.ts'
import type {Rung} from '../diagnosis/ladder.ts'
import {EXIT, type ErrorParts, type Fix} from '../errors.ts'
import {decide} from '../intake/decide.ts'
import type {Arrival, Decision, SourceFacts} from '../intake/facts.ts'
import {parseFacts} from '../message/parse.ts'
import {usualSource} from '../source-facts.ts'
import {gatherFacts} from '../store/gather-facts.ts'
import type {Store} from '../store/open.ts'
import type {PortalRow} from '../store/portals.ts'

/** A customer who exists nowhere (RFC 2606 3). */
const CUSTOMER = 'customer@example.com'

export interface IntakeQuestion {
  readonly store: Store
  readonly portal: PortalRow
  /** The internal address that a mail comes in by. */
  readonly internal: string
  /** The SMTP address that the customer wrote to, and whose mail is forwarded there; null where it was the internal one. */
  readonly forwardedFor: string | null
  /** An ISO instant. */
  readonly now: string
}

export const intakeRung = (question: IntakeQuestion): Rung => ({
  id: 'intake',
  needs: [],
  early: true,
  look: () => lookAtIntake(question),
})

async function lookAtIntake(question: IntakeQuestion): Promise<Finding> {
  const {store, portal, internal, forwardedFor, now} = question
  const source = await usualSource(store.db, portal)
  const arrival = sampleArrival(question, source)
  const facts = await gatherFacts(store.db, store.dialect, portal, [arrival], now)
  const decision = decide(arrival, facts)
  const [to, on] = [forwardedFor ?? internal, `--portal ${portal.key}`]
  if (decision.kind === 'accept') return accepted(decision, to, on, (id) => facts.queues.get(id ?? 0)?.key ?? null)
  if (decision.kind === 'quarantine')
    return failed(keptOut(decision, to, on), {reason: decision.reason, why: decision.why})
  return failed({
    code: 'INTAKE_UNEXPECTED',
    exitCode: EXIT.bug,
    title: `A first mail to ${to} is not taken for one`,
    why: `it was decided as ${decision.kind}`,
    fixes: [{text: 'Report it: this is a bug.'}],
  })
}

/** As an MTA hands it in, or the catch-all mailbox shows it. */
function sampleArrival({internal, forwardedFor, now}: IntakeQuestion, source: SourceFacts): Arrival {
  const message = parseFacts(
    Buffer.from(
      [
        `${source.envelopeHeader ?? 'Delivered-To'}: ${internal}`,
        `From: A customer <${CUSTOMER}>`,
        `To: ${forwardedFor ?? internal}`,
        'Subject: A question',
        `Date: ${new Date(now).toUTCString().replace('GMT', '+0000')}`,
        `Message-ID: <${randomUUID()}@example.com>`,
        '',
        'What would become of this?',
        '',
      ].join('\r\n'),
    ),
  )
  return {
    item: {epoch: '0', key: '0'},
    source,
    envelope: source.kind === 'pipe' ? {sender: CUSTOMER, recipients: [internal]} : null,
    receivedAt: now,
    message,
    authentication: null,
  }
}

function accepted(
  {recipient, route, autoReply}: Extract<Decision, {kind: 'accept'}>,
  to: string,
  on: string,
  keyOf: (queueId: number | null | undefined) => string | null,
): Finding {
  const {channel} = recipient
  const queue = keyOf(route?.queueId)
  const evidence = {
    channel: channel.address,
    header: recipient.header,
    queue,
    owner: route?.owner?.email ?? null,
    route: route?.why ?? null,
    autoReply: {send: autoReply.send, why: autoReply.why},
  }
  if (channel.address.toLowerCase() !== to.toLowerCase())
    return failed(
      {
        code: 'INTAKE_OTHER_CHANNEL',
        exitCode: EXIT.notReceived,
        title: `A mail to ${to} would be taken for ${channel.address}`,
        why: `it is recognised by ${recipient.header}, which names that address`,
        fixes: [{text: 'See both addresses:', command: `postdesk email list ${on}`}],
      },
      evidence,
    )
  if (route?.owner === null)
    return warned(
      {
        code: 'INTAKE_WITHOUT_OWNER',
        exitCode: EXIT.findings,
        title: `A mail to ${to} opens a ticket that belongs to nobody`,
        why: route.why,
        fixes: [{text: 'Name members of the queue:', command: `postdesk queue update ${queue} --member AGENT ${on}`}],
      },
      evidence,
    )
  const answered = autoReply.send ? 'it is answered automatically' : `no automatic reply (${autoReply.why})`
  return passed(`A mail to ${to} opens a ticket: ${route?.why}; ${answered}`, evidence)
}

function keptOut(
  {reason, why}: Pick<Extract<Decision, {kind: 'quarantine'}>, 'reason' | 'why'>,
  to: string,
  on: string,
): ErrorParts {
  return {
    code: `INTAKE_${reason.replaceAll('-', '_').toUpperCase()}`,
    exitCode: EXIT.notReceived,
    title: `A mail to ${to} would wait in the quarantine`,
    why,
    fixes: MENDS[reason]?.(to, on) ?? [{text: 'See what waits:', command: `postdesk quarantine list ${on}`}],
  }
}

const MENDS: Partial<Record<string, (to: string, on: string) => readonly Fix[]>> = {
  'channel-inactive': (to, on) => [{text: 'Switch it on:', command: `postdesk email update ${to} --active ${on}`}],
  'needs-queue': (to, on) => [
    {text: 'Say where its tickets go:', command: `postdesk email update ${to} --queue KEY ${on}`},
  ],
  'unknown-recipient': (to, on) => [
    {text: 'See where its mail is to be forwarded:', command: `postdesk email show ${to} ${on}`},
  ],
}
