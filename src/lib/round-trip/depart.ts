/** The beginning of a round trip: what has to be there, the two probes, and their handing over. */
import type {Receipt} from '../channel/outgoing.ts'
import {failed, type Finding} from '../channel/stage.ts'
import {senderName} from '../channel/sender-name.ts'
import {serverOf} from '../channel-summary.ts'
import type {Clock, Instant} from '../clock.ts'
import {EXIT, partsOf, PostdeskError, type ErrorParts, type Fix} from '../errors.ts'
import type {Log} from '../log.ts'
import {loopMark} from '../message/loop-mark.ts'
import type {Secret} from '../secret/secret.ts'
import type {SmtpAccount} from '../smtp/account.ts'
import {listChannels, type ChannelRow, type SmtpChannelRow} from '../store/channels.ts'
import type {Store} from '../store/open.ts'
import {storeId, type PortalRow} from '../store/portals.ts'
import {beginProbes, type BegunProbe} from './probe-records.ts'
import type {Forward, SentProbe} from './probe.ts'
import {sendProbes} from './send-probe.ts'
import {writeProbe} from './write-probe.ts'

export interface DepartureContext {
  readonly store: Store
  readonly portal: PortalRow
  readonly channel: ChannelRow
  readonly smtp: SmtpChannelRow
  /** That of the address, or why this machine has none. */
  readonly password: Secret | PostdeskError | null
  /** PEM of the only authority to trust for its server; null for the public ones. */
  readonly ca: string | null
  readonly clock: Clock
  readonly log: Log
}

/** A probe that was given to the provider. */
export interface Leg {
  readonly begun: BegunProbe
  readonly sent: SentProbe
  /** Why the provider did not take it; null where it did. */
  readonly refusal: string | null
}

export interface Departed {
  readonly finding: Finding
  /** Null where nothing is on its way. */
  readonly journey: {
    readonly forward: Forward
    readonly main: Leg
    /** The one to the address with a detail; null where none fits into it, or it could not be handed over. */
    readonly detailed: Leg | null
  } | null
}

/** @throws the signal's reason. */
export async function depart(context: DepartureContext, signal: AbortSignal): Promise<Departed> {
  const {channel, password} = context
  const nothing = (problem: ErrorParts): Departed => ({finding: failed(problem), journey: null})
  if (password instanceof PostdeskError) return nothing(partsOf(password))
  const forward = await forwardOf(context)
  if (forward === null) return nothing(forwardsNowhere(context))
  const begun = await beginProbes(context)
  if (begun.kind === 'too-soon') return nothing(tooSoon(context, begun.at, begun.again))
  const {main, detailed} = begun
  const at = context.clock.now()
  const letters = [await write(main, context), ...(detailed ? [await write(detailed, context)] : [])] as const
  const account = accountOf(context, password)
  const {finding, receipts} = await sendProbes(letters, channel.address, account, {log: context.log, signal})
  const [first, second] = receipts
  if (finding.status === 'fail' || first === undefined) return {finding, journey: null}
  return {
    finding,
    journey: {
      forward,
      main: legOf(main, first, at),
      detailed: detailed && second ? legOf(detailed, second, at) : null,
    },
  }
}

function legOf(begun: BegunProbe, {recipients, messageId}: Receipt, at: Instant): Leg {
  const [told] = recipients
  return {
    begun,
    sent: {messageId: begun.messageId, to: begun.to, at, replacedBy: messageId},
    refusal: told?.result === 'failed' || told?.result === 'deferred' ? told.reply : null,
  }
}

async function forwardOf({store, portal, channel, smtp}: DepartureContext): Promise<Forward | null> {
  const internal = (await listChannels(store.db, portal.id)).find(({id}) => id === smtp.forwards_to_id)
  if (internal === undefined) return null
  return {channel, internal, login: smtp.user_name, portalKey: portal.key}
}

async function write(probe: BegunProbe, {store, portal, channel, clock}: DepartureContext) {
  const {to, messageId, subject, nonce} = probe
  const raw = await writeProbe({
    from: {name: senderName(channel.name), address: channel.address},
    to,
    messageId,
    subject,
    nonce,
    date: clock.now(),
    loopMark: loopMark(await storeId(store.db), portal.id),
  })
  return {to, raw}
}

const accountOf = ({smtp, ca}: DepartureContext, password: Secret | null): SmtpAccount => ({
  ...serverOf(smtp),
  password,
  ...(ca === null ? {} : {ca}),
  // One with `none` elsewhere than on this machine was set by saying so.
  allowCleartext: smtp.security === 'none',
})

function forwardsNowhere({channel: {address}, portal}: DepartureContext): ErrorParts {
  const on = `--portal ${portal.key}`
  return {
    code: 'FORWARDS_NOWHERE',
    exitCode: EXIT.config,
    title: `Nothing says where mail to ${address} is forwarded to`,
    why: 'its mail comes in by an internal address, and none is named',
    fixes: [
      {text: 'Name it:', command: `postdesk email update ${address} --forwards-to INTERNAL ${on}`},
      {text: 'See which there are:', command: `postdesk email list ${on}`},
    ],
  }
}

function tooSoon({channel: {address}, portal}: DepartureContext, at: Instant, again: Instant): ErrorParts {
  const wait: Fix = {
    text: `Run it again after ${again}.`,
    command: `postdesk email test ${address} --roundtrip --portal ${portal.key}`,
  }
  return {
    code: 'PROBE_TOO_SOON',
    exitCode: EXIT.tryAgain,
    title: `A probe was sent by ${address} at ${at}`,
    why: 'one a minute is sent at most: each is a mail that somebody sees',
    fixes: [wait],
  }
}
