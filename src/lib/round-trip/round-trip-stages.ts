/**
 * The stages of the round trip: a probe leaves by an SMTP address, to itself, and comes back at the internal address that it
 * forwards to. Each stage can be asked for alone; what it needs is done by then, once.
 */
import {authenticateArrival} from '../authentication/authenticate-arrival.ts'
import {blocked, skipped, type Finding} from '../channel/stage.ts'
import type {StageId} from '../channel/stages.ts'
import type {Rung} from '../diagnosis/ladder.ts'
import {createResolver, type Query, type ResolverAddress} from '../dns/resolver.ts'
import type {Fix} from '../errors.ts'
import {listConfirmations} from '../forwarding-confirmations.ts'
import {lockPortal} from '../store/portals.ts'
import {noteRoundTrip, type RoundTripProof} from '../store/channels.ts'
import {forwardingOf} from './forwarding-of.ts'
import {judgeAbsence, judgeBounce} from './judge-absence.ts'
import {isRight, judgeArrival} from './judge-arrival.ts'
import {judgeAuthentication} from './judge-authentication.ts'
import {judgeFrom} from './judge-from.ts'
import {judgeMessageId} from './judge-message-id.ts'
import {judgePlusAddressing} from './judge-plus-addressing.ts'
import {slowestArrival} from './probe-records.ts'
import type {ArrivedProbe, DetailFate, Forward} from './probe.ts'
import {clientOf} from './client-of.ts'
import {inboundOf} from './sight-probes.ts'
import {createTrip, type Told, type Trip, type TripContext} from './trip.ts'

export interface RoundTripContext extends TripContext {
  /** The DNS resolver; null for the system's. */
  readonly resolver: ResolverAddress | null
}

/** What is needed before a probe may leave: a login that was refused is not tried a second time. */
const BEFORE_SENDING: readonly StageId[] = ['config', 'login', 'sender']

export function roundTripRungs(context: RoundTripContext): readonly Rung[] {
  const trip = createTrip(context)
  const query = createResolver({address: context.resolver})
  const afterwards = (id: StageId, look: (arrived: Arrived, signal: AbortSignal) => Promise<Finding>): Rung => ({
    id,
    needs: ['probe-sent'],
    async look(signal) {
      const told = await trip.main(signal)
      if (told === null) return blocked('no probe was sent')
      const {fate} = told
      return fate.kind === 'arrived'
        ? look({...told, probe: fate.probe}, signal)
        : blocked('the probe did not come back')
    },
  })
  return [
    {id: 'probe-sent', needs: BEFORE_SENDING, look: (signal) => trip.send(signal)},
    {
      id: 'probe-arrived',
      needs: ['probe-sent'],
      async look(signal) {
        const told = await trip.main(signal)
        return told === null ? blocked('no probe was sent') : lookAtArrival(told, context, query, signal)
      },
    },
    afterwards('probe-from', ({forward, probe}) => Promise.resolve(judgeFrom(forward, probe))),
    afterwards('probe-authentication', ({forward, probe}, signal) =>
      lookAtAuthentication(forward, probe, context, query, signal),
    ),
    afterwards('plus-addressing', (arrived, signal) => lookAtPlusAddressing(trip, arrived, context, signal)),
    afterwards('message-id', (arrived, signal) => lookAtMessageId(trip, arrived, context, signal)),
  ]
}

type Arrived = Told & {readonly probe: ArrivedProbe}

async function lookAtArrival(
  told: Told,
  context: RoundTripContext,
  query: Query,
  signal: AbortSignal,
): Promise<Finding> {
  const {forward, sent, fate} = told
  const {smtp, clock} = context
  const target = {address: forward.channel.address, host: smtp.host, target: forward.internal.address}
  const help = await forwardingOf(target, query, signal)
  if (fate.kind === 'arrived') {
    const right = isRight(forward, fate.probe)
    const kept = await keep(context, {forwarding_verified_at: right ? clock.now() : null})
    const finding = judgeArrival(forward, sent, fate.probe, help.steps)
    return {...finding, evidence: {...finding.evidence, kept}}
  }
  if (fate.kind === 'absent')
    return judgeAbsence(
      forward,
      {
        waitedSeconds: Math.round(fate.waitedMs / 1000),
        blind: fate.blind,
        confirmation: await confirmationOf(forward, context),
        confirms: help.confirms,
        slowestMs: await slowestArrival(context, forward.channel.id),
        verifiedAt: smtp.forwarding_verified_at,
      },
      help.steps,
    )
  await keep(context, {forwarding_verified_at: null})
  return judgeBounce(forward, fate.probe, help.steps)
}

/** What the provider asks for before it forwards anything, where that has come already. */
async function confirmationOf({internal}: Forward, {store, portal}: RoundTripContext): Promise<Fix | null> {
  const waiting = (await listConfirmations(store, portal)).find(({target}) => target === internal.address)
  return waiting ? {text: `Confirm the forward, which the provider waits for: ${waiting.asks}`} : null
}

async function lookAtAuthentication(
  forward: Forward,
  {message, raw, at, envelope, authentication}: ArrivedProbe,
  context: RoundTripContext,
  query: Query,
  signal: AbortSignal,
): Promise<Finding> {
  const inbound = await inboundOf(context)
  const trustedAuthservId = inbound?.facts.trustedAuthservId ?? null
  const host = inbound?.config.kind === 'imap' ? inbound.config.host : null
  const own = [context.portal.domain, trustedAuthservId, host].filter((name) => name !== null)
  const seen = await authenticateArrival(
    {
      raw,
      verifiedBefore: authentication?.dkim ?? [],
      message,
      trustedAuthservId,
      receivedAt: at,
      client: clientOf(message.fields, envelope, own),
    },
    query,
    signal,
  )
  return judgeAuthentication(forward, seen)
}

async function lookAtPlusAddressing(
  trip: Trip,
  {forward}: Arrived,
  context: RoundTripContext,
  signal: AbortSignal,
): Promise<Finding> {
  const told = await trip.detailed(signal)
  if (told === null)
    return skipped('no detail fits into the address, or the connection was lost before the second probe')
  const works = arrivedRight(told)
  // Nobody has looked, and nothing was taken in: that proves nothing.
  if (!works && told.fate.kind === 'absent' && told.fate.blind !== null) return skipped(told.fate.blind)
  await keep(context, {plus_addressing: works ? 1 : 0})
  return judgePlusAddressing(forward, told.sent, told.fate, works)
}

const arrivedRight = ({forward, fate}: Told<DetailFate>): boolean =>
  fate.kind === 'arrived' && isRight(forward, fate.probe)

async function lookAtMessageId(
  trip: Trip,
  {forward, sent, probe}: Arrived,
  context: RoundTripContext,
  signal: AbortSignal,
): Promise<Finding> {
  await keep(context, {keeps_message_id: probe.message.messageId === sent.messageId ? 1 : 0})
  const told = await trip.detailed(signal)
  return judgeMessageId(forward, sent, probe, told !== null && arrivedRight(told))
}

/** Where the address was changed meanwhile nothing is kept: what was proved does not hold for what it is now. */
async function keep({store, portal, channel, smtp}: RoundTripContext, proof: RoundTripProof): Promise<boolean> {
  return store.transaction(async (tx) => {
    await lockPortal(tx, portal.id)
    return noteRoundTrip(tx, {channel, smtp}, proof)
  })
}
