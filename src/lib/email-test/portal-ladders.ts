/** What can be tested of a portal: its addresses, its inbound and its relay, each with its ladder. */
import {requireChannel} from '../channel-summary.ts'
import {invalidValue} from '../errors.ts'
import {readRelay} from '../relay.ts'
import {listChannels, listSmtpChannels} from '../store/channels.ts'
import {carefulSecrets} from './careful-secrets.ts'
import {INBOUND_TARGET, inboundLadder} from './inbound-ladder.ts'
import {intakeRung} from './intake-stage.ts'
import type {Ladder} from './ladder.ts'
import {createLimit} from './limit.ts'
import {RELAY_TARGET, relayLadder} from './relay-ladder.ts'
import type {Desk, TestRun} from './run.ts'
import {smtpLadder} from './smtp-ladder.ts'

/** All that a portal has: its addresses, its inbound, its relay where that is an account of its own. */
export async function allTargets({store: {db}, portal}: Desk): Promise<string[]> {
  return [
    ...(await listChannels(db, portal.id)).map(({address}) => address),
    ...(portal.inbound_source_id === null ? [] : [INBOUND_TARGET]),
    ...(readRelay(portal)?.kind === 'smtp' ? [RELAY_TARGET] : []),
  ]
}

/** Passwords looked up at once: a program that is run for one may take a second, and many of them a machine's memory. */
const LOOKED_UP_AT_ONCE = 8

/**
 * The ladders of several targets, in the order given. Internal addresses have one way in, which is looked at once for all.
 * @throws 67 for what is not there.
 */
export async function portalLadders(typed: readonly string[], from: Desk, run: TestRun): Promise<readonly Ladder[]> {
  const {store, portal} = from
  const desk = {...from, secrets: carefulSecrets(from.secrets)}
  const smtp = new Map((await listSmtpChannels(store.db, portal.id)).map((row) => [row.channel_id, row]))
  await refuseForNothing(typed, smtp, from, run)
  const wayIn = once(() => inboundLadder(desk, run))
  // By its name, so that one that was typed in two ways is tested once.
  const makers = new Map<string, () => Promise<Ladder>>()
  for (const target of typed) {
    if (target === RELAY_TARGET) makers.set(target, () => relayLadder(desk, run))
    else if (target === INBOUND_TARGET) makers.set(target, async () => (await wayIn()).part(INBOUND_TARGET, []))
    else {
      const channel = await requireChannel(store.db, portal, target)
      const row = smtp.get(channel.id)
      const intake = intakeRung({store, portal, internal: channel.address, forwardedFor: null, now: run.clock.now()})
      makers.set(
        channel.address,
        row ? () => smtpLadder(channel, row, desk, run) : async () => (await wayIn()).part(channel.address, [intake]),
      )
    }
  }
  const limit = createLimit(LOOKED_UP_AT_ONCE)
  return Promise.all([...makers.values()].map(limit))
}

/** What was asked for and no target can do is not left out silently. @throws 64; 67 for what is not there. */
async function refuseForNothing(
  typed: readonly string[],
  smtp: ReadonlyMap<number, unknown>,
  {store, portal}: Desk,
  {roundTripMs, sendTo}: TestRun,
): Promise<void> {
  const channels = await Promise.all(
    typed
      .filter((target) => target !== RELAY_TARGET && target !== INBOUND_TARGET)
      .map((target) => requireChannel(store.db, portal, target)),
  )
  const sends = channels.some(({id}) => smtp.has(id))
  if (roundTripMs !== null && !sends)
    throw invalidValue('--roundtrip', 'only the mail of SMTP addresses is forwarded, and none is among the targets')
  if (sendTo !== null && !sends && !typed.includes(RELAY_TARGET))
    throw invalidValue('--send', 'only SMTP addresses and the relay send, and none is among the targets')
}

function once<T>(make: () => T): () => T {
  let made: {readonly value: T} | undefined
  return () => (made ??= {value: make()}).value
}
