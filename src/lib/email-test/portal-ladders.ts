/** What can be tested of a portal: its addresses, its inbound and its relay, each with its ladder. */
import {access, constants, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {accountPassword, channelOwner, INBOUND, passwordSecret, passwordBinding, RELAY} from '../account-password.ts'
import type {AccountOwner} from '../account-password.ts'
import {failed, passed, warned, type Evidence, type Finding} from '../channel/stage.ts'
import {readNoted, requireChannel, serverOf} from '../channel-summary.ts'
import {domainRungs} from '../diagnosis/domain/domain-stages.ts'
import type {Rung} from '../diagnosis/ladder.ts'
import {providerOfHost} from '../discovery/providers.ts'
import {createResolver} from '../dns/resolver.ts'
import {EXIT, messageOf, notFound, PostdeskError, type ErrorParts} from '../errors.ts'
import type {ImapInbound, InboundConfig, MaildirInbound} from '../inbound.ts'
import {readRelay} from '../relay.ts'
import type {Secret} from '../secret/secret.ts'
import type {ServerSettings} from '../server-settings.ts'
import {listChannels, listSmtpChannels, type ChannelRow, type SmtpChannelRow} from '../store/channels.ts'
import {findSender, RELAY_SENDER} from '../store/senders.ts'
import {findSource, findSourceByIdentity, pipeIdentity, type SourceRow} from '../store/sources.ts'
import {carefulSecrets} from './careful-secrets.ts'
import {intakeRung} from './intake-stage.ts'
import type {Ladder} from './ladder.ts'
import {createLimit} from './limit.ts'
import type {Desk, TestRun} from './run.ts'
import {serverLadder, type ServerQuestion} from './server-ladder.ts'
import {testMessage} from './test-message.ts'

/** Names of targets that are no address. */
const INBOUND_TARGET = 'inbound'
const RELAY_TARGET = 'relay'

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
  const wayIn = once(() => inboundLadder(desk, run))
  const makers: (() => Promise<Ladder>)[] = []
  for (const target of typed) {
    if (target === RELAY_TARGET) makers.push(() => relayLadder(desk, run))
    else if (target === INBOUND_TARGET) makers.push(async () => (await wayIn()).part(INBOUND_TARGET, []))
    else {
      const channel = await requireChannel(store.db, portal, target)
      const row = smtp.get(channel.id)
      const intake = intakeRung({store, portal, internal: channel.address, forwardedFor: null, now: run.clock.now()})
      makers.push(
        row ? () => smtpLadder(channel, row, desk, run) : async () => (await wayIn()).part(channel.address, [intake]),
      )
    }
  }
  const limit = createLimit(LOOKED_UP_AT_ONCE)
  return Promise.all(makers.map(limit))
}

function once<T>(make: () => T): () => T {
  let made: {readonly value: T} | undefined
  return () => (made ??= {value: make()}).value
}

// SMTP addresses --------------------------------------------------------------------------------------------------

async function smtpLadder(channel: ChannelRow, smtp: SmtpChannelRow, desk: Desk, run: TestRun): Promise<Ladder> {
  const {store, portal} = desk
  const {address} = channel
  const server = serverOf(smtp)
  const internal = (await listChannels(store.db, portal.id)).find(({id}) => id === smtp.forwards_to_id)
  const account = await accountOf(channelOwner(channel), server, desk)
  const message =
    run.sendTo === null ? null : await testMessage({name: channel.name, address}, run.sendTo, run.clock.now())
  const question: ServerQuestion = {
    target: address,
    server: {
      protocol: 'smtp',
      ...server,
      sender: address,
      recipient: run.sendTo ?? internal?.address ?? address,
      message,
    },
    password: account.password,
    config: await configOfChannel(channel, account.evidence, desk, server),
    domain: {name: domainOf(address), stages: 'all'},
    mend: (security) =>
      `postdesk email update ${address} --security ${security} --keep-password --portal ${portal.key}`,
    relay: readRelay(portal)?.kind === 'channel' && isRelay(desk, channel.id) ? {internalSender: null} : null,
  }
  const intake = internal
    ? [intakeRung({store, portal, internal: internal.address, forwardedFor: address, now: run.clock.now()})]
    : []
  return serverLadder(question, run, [...intake, ...(await roundTrip(channel, smtp, account.password, desk, run))])
}

/** A server in the words of a command line, in another security; the password was given for the one before. */
const flagsOf = ({host, port, user}: ServerSettings, security: string): string =>
  `--host ${host} --port ${port} --security ${security}${user === null ? '' : ` --user ${user} --keep-password`}`

const isRelay = ({portal}: Desk, channelId: number): boolean => {
  const relay = readRelay(portal)
  return relay?.kind === 'channel' && relay.channelId === channelId
}

async function roundTrip(
  channel: ChannelRow,
  smtp: SmtpChannelRow,
  password: Secret | PostdeskError | null,
  desk: Desk,
  run: TestRun,
): Promise<readonly Rung[]> {
  if (run.roundTripMs === null) return []
  const {roundTripRungs} = await import('../round-trip/round-trip-stages.ts')
  return roundTripRungs({...desk, ...run, channel, smtp, password, waitMs: run.roundTripMs})
}

async function configOfChannel(
  channel: ChannelRow,
  evidence: Evidence,
  {store, portal}: Desk,
  server: ServerSettings,
): Promise<Finding> {
  const on = `--portal ${portal.key}`
  const {address} = channel
  if (channel.deactivated_at !== null)
    return warned(
      {
        code: 'CHANNEL_INACTIVE',
        exitCode: EXIT.config,
        title: `${address} is switched off`,
        why: 'what is written by it is held, and what comes for it waits in the quarantine',
        fixes: [{text: 'Switch it on:', command: `postdesk email update ${address} --active ${on}`}],
      },
      evidence,
    )
  const paused = (await findSender(store.db, portal.id, channel.id))?.paused
  if (paused) return warned(pausedParts(address, paused, on), evidence)
  if (channel.queue_id === null)
    return warned(
      {
        code: 'CHANNEL_WITHOUT_QUEUE',
        exitCode: EXIT.config,
        title: `${address} has no queue`,
        why: 'nothing says where its tickets go',
        fixes: [{text: 'Name one:', command: `postdesk email update ${address} --queue KEY ${on}`}],
      },
      evidence,
    )
  return settings(server, evidence)
}

const pausedParts = (shownAs: string, json: string, on: string): ErrorParts => {
  const {code, title, why, at} = readNoted(json)
  return {
    code: 'ACCOUNT_PAUSED',
    exitCode: EXIT.tryAgain,
    title: `Nothing leaves by ${shownAs} since ${at}: ${title} (${code})`,
    why,
    fixes: [{text: 'Mend what the stages below say; then:', command: `postdesk outbox send ${on}`}],
  }
}

/** The settings of a server that nothing is wrong with but what they say themselves. */
function settings({host, port, security, user}: ServerSettings, evidence: Evidence): Finding {
  const provider = providerOfHost(host)
  const all = {host, port, security, user, provider: provider?.name ?? null, ...evidence}
  if (provider?.password.kind === 'none' && user !== null)
    return warned(
      {
        code: 'PASSWORDS_REFUSED',
        exitCode: EXIT.loginClosed,
        title: `${provider.name} takes no passwords`,
        why: provider.password.say,
        fixes: provider.password.url === undefined ? [] : [{text: `What it says: ${provider.password.url}`}],
      },
      all,
    )
  return passed(`${host}:${port}, security ${security}, ${user === null ? 'no login' : `user ${user}`}`, all)
}

/** The password of an account, or why there is none; and where this machine finds it. */
async function accountOf(
  owner: AccountOwner,
  server: ServerSettings,
  desk: Desk,
): Promise<{readonly password: Secret | PostdeskError | null; readonly evidence: Evidence}> {
  if (server.user === null) return {password: null, evidence: {}}
  const {store, portal, secrets} = desk
  try {
    const password = await accountPassword(desk)(owner, server)
    const {id} = await passwordSecret(store, portal, owner, passwordBinding(server))
    const ref = await secrets.bindings.get(id)
    return {password, evidence: {passwordFrom: ref?.kind ?? secrets.place.kind}}
  } catch (error) {
    if (!(error instanceof PostdeskError)) throw error
    return {password: error, evidence: {}}
  }
}

// The relay -------------------------------------------------------------------------------------------------------

async function relayLadder(desk: Desk, run: TestRun): Promise<Ladder> {
  const {store, portal} = desk
  const relay = readRelay(portal)
  if (relay === null)
    throw notFound(
      'relay',
      portal.key,
      [],
      [
        {
          text: 'Say how the own mail of the system leaves:',
          command: `postdesk portal relay set smtp --portal ${portal.key}`,
        },
      ],
    )
  const channels = await listChannels(store.db, portal.id)
  if (relay.kind === 'channel') {
    const channel = channels.find(({id}) => id === relay.channelId)
    const smtp = (await listSmtpChannels(store.db, portal.id)).find(({channel_id: id}) => id === relay.channelId)
    if (!channel || !smtp) throw notFound('relay', portal.key)
    return {...(await smtpLadder(channel, smtp, desk, {...run, roundTripMs: null})), target: RELAY_TARGET}
  }
  const sender = channels.find(({kind}) => kind === 'internal')?.address ?? `postmaster@${portal.domain}`
  const account = await accountOf(RELAY, relay, desk)
  const paused = (await findSender(store.db, portal.id, RELAY_SENDER))?.paused
  const message =
    run.sendTo === null ? null : await testMessage({name: portal.name, address: sender}, run.sendTo, run.clock.now())
  const question: ServerQuestion = {
    target: RELAY_TARGET,
    server: {protocol: 'smtp', ...relay, sender: null, recipient: run.sendTo ?? sender, message},
    password: account.password,
    config: paused
      ? warned(pausedParts('the relay', paused, `--portal ${portal.key}`), account.evidence)
      : settings(relay, account.evidence),
    domain: {name: portal.domain, stages: 'all'},
    mend: (security) => `postdesk portal relay set smtp ${flagsOf(relay, security)} --portal ${portal.key}`,
    relay: {internalSender: sender},
  }
  return serverLadder(question, run)
}

// What comes in ---------------------------------------------------------------------------------------------------

/** The way in of a portal's mail: one connection and one login, however many addresses come in by it. */
interface WayIn {
  /** The ladder of one of them, with what is looked at for it alone. */
  part(target: string, after: readonly Rung[]): Ladder
}

async function inboundLadder(desk: Desk, run: TestRun): Promise<WayIn> {
  const source = await inboundOf(desk)
  const ladder = await ladderOfSource(source, desk, run)
  const rungs = ladder.rungs.map((rung): Rung => {
    const looked = new Map<AbortSignal, Promise<Finding>>()
    return {
      ...rung,
      look(signal) {
        const known = looked.get(signal) ?? rung.look(signal)
        looked.set(signal, known)
        return known
      },
    }
  })
  let open = 0
  return {
    part(target, after) {
      open++
      return {
        ...ladder,
        target,
        rungs: [...rungs, ...after],
        end: async () => {
          if (--open === 0) await ladder.end()
        },
      }
    },
  }
}

const inboundOf = ({store, portal}: Desk): Promise<SourceRow | undefined> =>
  portal.inbound_source_id === null
    ? findSourceByIdentity(store.db, pipeIdentity(portal.id))
    : findSource(store.db, portal.id, portal.inbound_source_id)

async function ladderOfSource(source: SourceRow | undefined, desk: Desk, run: TestRun): Promise<Ladder> {
  const inbound: Rung = {id: 'inbound', needs: [], look: () => Promise.resolve(wayInOf(source, desk))}
  const config = source && source.kind !== 'pipe' ? (JSON.parse(source.config) as InboundConfig) : null
  if (config?.kind === 'imap') return imapLadder(config, desk, run, [inbound])
  return {
    target: INBOUND_TARGET,
    host: null,
    rungs: [...mxRungs(desk.portal.domain, run), inbound, ...(config === null ? [] : [maildirRung(config)])],
    transcript: [],
    end: () => Promise.resolve(),
  }
}

async function imapLadder(config: ImapInbound, desk: Desk, run: TestRun, after: readonly Rung[]): Promise<Ladder> {
  const {host, port, security, user, mailbox} = config
  const server = {host, port, security, user}
  const account = await accountOf(INBOUND, server, desk)
  return serverLadder(
    {
      target: INBOUND_TARGET,
      server: {protocol: 'imap', ...server, mailbox},
      password: account.password,
      config: settings(server, {...account.evidence, mailbox}),
      domain: {name: desk.portal.domain, stages: ['mx']},
      mend: (security) => `postdesk portal inbound set imap ${flagsOf(server, security)} --portal ${desk.portal.key}`,
      relay: null,
    },
    run,
    after,
  )
}

function wayInOf(source: SourceRow | undefined, {portal}: Desk): Finding {
  const on = `--portal ${portal.key}`
  if (source === undefined)
    return failed({
      code: 'NO_INBOUND',
      exitCode: EXIT.config,
      title: `No mail of ${portal.domain} comes in`,
      why: 'no mailbox is named that it is fetched from, and no MTA has handed in any',
      fixes: [
        {text: 'Say which mailbox it is:', command: `postdesk portal inbound set imap ${on}`},
        {text: 'Or let an MTA hand it in:', command: 'postdesk email deliver --recipient=ADDRESS < message'},
      ],
    })
  const evidence = {kind: source.kind, lastSyncAt: source.last_ok_at}
  if (source.last_error) {
    const {code, title, why, at} = readNoted(source.last_error)
    return warned(
      {
        code: 'INBOUND_FAILED_LAST',
        exitCode: EXIT.tryAgain,
        title: `The last sync failed at ${at}: ${title} (${code})`,
        why,
        fixes: [{text: 'Mend what the other stages say; then:', command: `postdesk email sync ${on}`}],
      },
      evidence,
    )
  }
  return passed(WAYS[source.kind] ?? `Mail comes in by ${source.kind}`, evidence)
}

const WAYS: Readonly<Record<string, string>> = {
  imap: 'Mail is fetched from a mailbox by IMAP',
  maildir: 'Mail is taken from a Maildir',
  pipe: 'An MTA hands mail in',
}

/** Whether the domain of a portal takes mail at all. */
const mxRungs = (domain: string, {resolver}: TestRun): readonly Rung[] =>
  domainRungs({
    domain,
    protocol: 'smtp',
    host: null,
    port: null,
    security: null,
    provider: null,
    selectors: [],
    query: createResolver({address: resolver}),
  })
    .filter(({id}) => id === 'mx')
    .map((rung) => ({...rung, early: true}))

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1).toLowerCase()

const maildirRung = ({path}: MaildirInbound): Rung => ({
  id: 'maildir',
  needs: [],
  look: () => lookAtMaildir(path),
})

async function lookAtMaildir(path: string): Promise<Finding> {
  for (const part of ['new', 'cur', 'tmp']) {
    const directory = join(path, part)
    try {
      if (!(await stat(directory)).isDirectory()) throw new Error(`${directory} is no directory`)
      await access(directory, constants.R_OK | constants.X_OK)
    } catch (error) {
      return failed(
        {
          code: 'MAILDIR_UNREADABLE',
          exitCode: EXIT.config,
          title: `The Maildir ${path} cannot be read`,
          why: messageOf(error),
          fixes: [{text: 'Name the directory that holds new, cur and tmp, and let this user read it.'}],
        },
        {path},
      )
    }
  }
  return passed(`The Maildir ${path} can be read`, {path})
}
