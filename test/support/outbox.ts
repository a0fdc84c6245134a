/** A portal with an SMTP address whose server is at hand, and replies that wait to be sent by it. */
import {join} from 'node:path'
import type {TestContext} from 'node:test'
import {channelOwner, passwordBinding, passwordSecret} from '../../src/lib/account-password.ts'
import {secretSources} from '../../src/lib/cli/secret-sources.ts'
import {createRedactor, silent} from '../../src/lib/log.ts'
import {flushOutbox, type FlushOptions, type FlushReport} from '../../src/lib/outbox/flush.ts'
import {replyToTicket, type QueuedReply, type ReplyRequest} from '../../src/lib/reply.ts'
import type {SecretSources} from '../../src/lib/secret/resolve-secret.ts'
import {addSmtpChannel} from './outgoing.ts'
import {NOW, type PortalSeed} from './portal.ts'
import {temporaryHome} from './run-postdesk.ts'
import {customerMail, startDesk, type Desk} from './seed.ts'
import type {StoreKind} from './stores.ts'

export const ADDRESS = 'sales@provider.example'

/** The server of an SMTP address, without encryption. */
export interface Server {
  readonly host: string
  readonly port: number
}

export interface OutboxDesk extends Desk {
  readonly channelId: number
  /** What the clock says; a test moves it. */
  now: string
  /** Lets so many minutes pass. */
  wait(minutes: number): void
  /** A ticket of this customer, answered by the SMTP address; nothing is sent yet. */
  reply(request?: Partial<ReplyRequest> & {readonly customer?: string}): Promise<QueuedReply>
  flush(options?: Partial<FlushOptions>): Promise<FlushReport>
  options(): FlushOptions
}

/** `password` is what the machine has for the address; the user is `sales`. */
export async function startOutbox(
  t: TestContext,
  kind: StoreKind,
  server: Server,
  {password = 'secret', seed = {}}: {readonly password?: string; readonly seed?: PortalSeed} = {},
): Promise<OutboxDesk> {
  const desk = await startDesk(t, kind, {agents: {'ann@acme.example': true}, ...seed})
  const {store, portal} = desk
  const channelId = await addSmtpChannel(store, portal, ADDRESS, {name: '{agent} | Acme', server, user: 'sales'})
  const secrets = await machineSecrets(t, desk, [{id: channelId, address: ADDRESS, server}], password)
  const outbox: OutboxDesk = {
    ...desk,
    channelId,
    now: NOW,
    wait(minutes) {
      outbox.now = new Date(Date.parse(outbox.now) + minutes * 60_000).toISOString()
    },
    async reply({customer = 'jane@example.com', ...request} = {}) {
      const [outcome] = await desk.deliver([customerMail({From: customer})])
      return replyToTicket(
        store,
        portal,
        outcome!.ticket!,
        {
          text: 'It is on its way.',
          from: ADDRESS,
          cc: [],
          all: false,
          attachments: [],
          quote: true,
          ...request,
        },
        {now: outbox.now, agent: 'ann@acme.example'},
      )
    },
    options: () => ({
      store,
      portal,
      secrets,
      clock: {now: () => outbox.now},
      log: silent,
      signal: new AbortController().signal,
    }),
    flush: (options = {}) => flushOutbox({...outbox.options(), ...options}),
  }
  return outbox
}

/** A machine that finds the passwords of these addresses in its environment. */
async function machineSecrets(
  t: TestContext,
  {store, portal}: Desk,
  channels: readonly {readonly id: number; readonly address: string; readonly server: Server}[],
  password: string,
): Promise<SecretSources> {
  const home = await temporaryHome(t)
  const secrets = secretSources({
    paths: {
      config: join(home, 'config'),
      data: join(home, 'data'),
      state: join(home, 'state'),
      cache: join(home, 'cache'),
    },
    chosen: 'vault',
    env: {SMTP_PASSWORD: password},
    redactor: createRedactor(),
    warn: () => {},
  })
  for (const {id, address, server} of channels) {
    const account = {...server, security: 'none' as const, user: 'sales'}
    const secret = await passwordSecret(store, portal, channelOwner({id, address}), passwordBinding(account))
    await secrets.bindings.set(secret.id, {kind: 'env', variable: 'SMTP_PASSWORD'})
  }
  return secrets
}
