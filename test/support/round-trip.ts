/** A portal whose SMTP addresses are mailboxes of a provider that forwards, each in its own way, and round trips by them. */
import type {TestContext} from 'node:test'
import {channelOwner, INBOUND, passwordBinding, passwordSecret} from '../../src/lib/account-password.ts'
import type {Stage} from '../../src/lib/channel/stage.ts'
import type {StageId} from '../../src/lib/channel/stages.ts'
import {secretSources} from '../../src/lib/cli/secret-sources.ts'
import {systemClock} from '../../src/lib/clock.ts'
import {climb} from '../../src/lib/diagnosis/ladder.ts'
import {imapInbound, setInbound} from '../../src/lib/inbound.ts'
import {createRedactor, silent} from '../../src/lib/log.ts'
import {roundTripRungs, type RoundTripContext} from '../../src/lib/round-trip/round-trip-stages.ts'
import type {SecretSources} from '../../src/lib/secret/resolve-secret.ts'
import {Secret} from '../../src/lib/secret/secret.ts'
import {findChannel, findSmtpChannel, type SmtpChannelRow} from '../../src/lib/store/channels.ts'
import {findPortal, type PortalRow} from '../../src/lib/store/portals.ts'
import type {Store} from '../../src/lib/store/open.ts'
import {startDns, type Script} from './dns-server.ts'
import {
  PROVIDER_PASSWORD,
  type ForwardingMailbox,
  type ForwardingProvider,
  type Rewrite,
} from './forwarding-provider.ts'
import {addSmtpChannel} from './outgoing.ts'
import {seedPortal} from './portal.ts'
import {temporaryHome} from './run-postdesk.ts'
import {startStore, type StoreKind} from './stores.ts'

export interface TripDesk {
  readonly store: Store & {readonly url: string}
  readonly portal: PortalRow
  readonly secrets: SecretSources
  /** Runs all stages for a mailbox of the provider; by its id each. Stages in `only` alone where it is given. */
  trip(local: ForwardingMailbox, options?: TripOptions): Promise<ReadonlyMap<StageId, Stage>>
  smtp(local: ForwardingMailbox): Promise<SmtpChannelRow>
}

export interface TripOptions {
  readonly waitMs?: number
  readonly rewrite?: Rewrite
  readonly context?: Partial<RoundTripContext>
  readonly signal?: AbortSignal
  readonly onStage?: (stage: Stage) => void | Promise<void>
}

/** The portal fetches its mail from the mailbox of the provider's world. `zone`: what the DNS knows. */
export async function startTripDesk(
  t: TestContext,
  kind: StoreKind,
  provider: ForwardingProvider,
  zone: Readonly<Record<string, Script>> = {},
): Promise<TripDesk> {
  const store = await startStore(t, kind)
  await seedPortal(store, {addresses: ['support', 'billing']})
  const first = (await findPortal(store.db, 'acme'))!
  const {port, user} = provider.inbound
  const config = imapInbound({host: '127.0.0.1', port, security: 'none', user})
  await setInbound(store, first, config, systemClock.now())
  const portal = (await findPortal(store.db, 'acme'))!
  const secrets = await machineSecrets(t)
  const secret = await passwordSecret(store, portal, INBOUND, passwordBinding({...config, user}))
  await secrets.bindings.set(secret.id, {kind: 'env', variable: 'PASSWORD'})
  const {address: resolver} = await startDns(t, zone)
  const internal = (await findChannel(store.db, portal.id, 'support@acme.example'))!

  const addressOf = (local: ForwardingMailbox) => `${local}@provider.example`
  const rowsOf = async (local: ForwardingMailbox) => {
    const channel = (await findChannel(store.db, portal.id, addressOf(local)))!
    return {channel, smtp: (await findSmtpChannel(store.db, portal.id, channel.id))!}
  }
  return {
    store,
    portal,
    secrets,
    smtp: async (local) => (await rowsOf(local)).smtp,
    async trip(local, {waitMs = 20_000, rewrite, context = {}, signal, onStage} = {}) {
      const address = addressOf(local)
      if ((await findChannel(store.db, portal.id, address)) === undefined) {
        const server = await provider.submission(address, rewrite)
        const fields = {forwardsTo: internal.id, name: '{agent} | Acme', server, user: address}
        const id = await addSmtpChannel(store, portal, address, fields)
        const account = {...server, security: 'none' as const, user: address}
        const own = await passwordSecret(store, portal, channelOwner({id, address}), passwordBinding(account))
        await secrets.bindings.set(own.id, {kind: 'env', variable: 'PASSWORD'})
      }
      const rungs = roundTripRungs({
        ...(await rowsOf(local)),
        store,
        portal,
        secrets,
        password: new Secret(PROVIDER_PASSWORD),
        ca: null,
        clock: systemClock,
        log: silent,
        resolver,
        waitMs,
        ...context,
      })
      const stages = new Map<StageId, Stage>()
      const climbed = climb(rungs, {only: null, until: null, signal: signal ?? new AbortController().signal})
      for await (const stage of climbed) {
        stages.set(stage.id, stage)
        await onStage?.(stage)
      }
      return stages
    },
  }
}

async function machineSecrets(t: TestContext): Promise<SecretSources> {
  const home = await temporaryHome(t)
  return secretSources({
    paths: {config: `${home}/config`, data: `${home}/data`, state: `${home}/state`, cache: `${home}/cache`},
    chosen: 'vault',
    env: {PASSWORD: PROVIDER_PASSWORD},
    redactor: createRedactor(),
    warn: () => {},
  })
}
