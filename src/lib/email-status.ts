/** How the mail of a portal fares: each address, and what an admin should look at. */
import {accountFindings} from './account-findings.ts'
import {
  readNoted,
  summariseChannels,
  type ChannelState,
  type SummaryOptions,
  type SyncError,
} from './channel-summary.ts'
import {EXIT, type ExitCode, type Fix} from './errors.ts'
import {notedClass, type Failure, type Finding} from './finding.ts'
import {confirmationFindings} from './forwarding-confirmations.ts'
import {QUARANTINE_BUDGET} from './intake/quarantine-reasons.ts'
import {measureBudget} from './quarantine-purge.ts'
import {outboxStatus} from './outbox/status.ts'
import {summariseQueues} from './queue.ts'
import {listChannels} from './store/channels.ts'
import type {Store} from './store/open.ts'
import type {PortalRow} from './store/portals.ts'
import {countByChannel, countQuarantine} from './store/quarantine.ts'
import {findSource, findSourceByIdentity, pipeIdentity} from './store/sources.ts'

/** An address and the mail that came for it. */
export interface ChannelStatus {
  readonly address: string
  readonly state: ChannelState
  /** When its mail was last fetched without an error; null for never. */
  readonly lastSyncAt: string | null
  /** Seconds since then; null for never. */
  readonly staleFor: number | null
  /** Mails that wait for it to be switched on. */
  readonly waiting: number
  /** Quarantined mails for it, the waiting ones among them. */
  readonly quarantined: number
  readonly error?: SyncError
}

export interface EmailStatus {
  readonly channels: readonly ChannelStatus[]
  /** Recipients of mail that is not simply sent, by state; a state without any is left out. */
  readonly outbox: Readonly<Record<string, number>>
  readonly findings: readonly Finding[]
}

/**
 * `staleAfter`: seconds without a sync that are too many; left out: none are. `hasPassword`: whether this machine can resolve
 * one; left out: nobody is asked.
 */
export async function emailStatus(
  store: Store,
  portal: PortalRow,
  {now, staleAfter, ...options}: {readonly now: string; readonly staleAfter?: number} & SummaryOptions,
): Promise<EmailStatus> {
  const {db} = store
  const on = `--portal ${portal.key}`
  const ids = new Map((await listChannels(db, portal.id)).map(({id, address}) => [address, id]))
  const counts = await countByChannel(db, portal.id)
  const summaries = await summariseChannels(db, portal, options)
  const queues = await summariseQueues(db, portal.id)
  const reasons = await countQuarantine(db, portal.id)
  const inbound =
    portal.inbound_source_id === null ? undefined : await findSource(db, portal.id, portal.inbound_source_id)
  const findings: Finding[] = []
  const find = (
    code: string,
    text: string,
    fixes: readonly Fix[],
    failOn: Failure | null = null,
    exitCode?: ExitCode,
  ) => findings.push({code, text, fixes, failOn, ...(exitCode === undefined ? {} : {exitCode})})

  const channels = summaries.map(({address, state, lastSyncAt, lastError}): ChannelStatus => ({
    address,
    state,
    lastSyncAt,
    staleFor: secondsSince(lastSyncAt, now),
    ...(counts.get(ids.get(address)!) ?? {waiting: 0, quarantined: 0}),
    ...(lastError === null ? {} : {error: lastError}),
  }))

  // Mail may also be handed in by an MTA: then no mailbox needs to be pulled.
  const receiving = summaries.filter(({canReceive}) => canReceive)
  const isCut = receiving.length > 0 && !inbound && !(await findSourceByIdentity(db, pipeIdentity(portal.id)))
  if (isCut)
    find(
      'NO_INBOUND',
      `No mail comes in: nothing says where the mail of ${portal.domain} is.`,
      [
        {text: 'Say which mailbox it is:', command: `postdesk portal inbound set imap ${on}`},
        {text: 'Or let an MTA hand it in:', command: 'postdesk email deliver --recipient=ADDRESS < message'},
      ],
      'error',
      EXIT.config,
    )
  if (inbound?.last_error) {
    const {title, why, at} = readNoted(inbound.last_error)
    find(
      'INBOUND_FAILING',
      `The inbound fails since ${at}: ${title}: ${why}`,
      [
        {text: 'See what is wrong with it:', command: `postdesk email test inbound ${on}`},
        {text: 'Once it is mended, run:', command: `postdesk email sync ${on}`},
      ],
      'error',
      notedClass(inbound.last_error),
    )
  }
  const staleFor = secondsSince(inbound?.last_ok_at ?? null, now)
  const isStale = staleAfter !== undefined && (staleFor === null || staleFor > staleAfter)
  if ((inbound || isCut) && isStale) {
    const what = inbound ? 'The inbound' : receiving.map(({address}) => address).join(', ')
    find(
      'STALE',
      staleFor === null
        ? `${what} was never synced: nothing fetches its mail.`
        : `${what} was last synced ${staleFor} s ago, more than ${staleAfter} s: nothing fetches its mail.`,
      [{text: 'Sync it now, and see that something does so regularly:', command: `postdesk email sync --watch ${on}`}],
      'stale',
    )
  }
  for (const {key, members, addresses, sender} of queues.filter((queue) => queue.addresses.length > 0)) {
    if (members.length === 0)
      find(
        'QUEUE_WITHOUT_MEMBERS',
        `Queue ${key} has no members: its tickets (${addresses.join(', ')}) belong to nobody.`,
        [{text: 'Name them:', command: `postdesk queue update ${key} --member AGENT ${on}`}],
      )
    const internal = summaries.filter(({address, canSend}) => addresses.includes(address) && !canSend)
    if (internal.length > 0 && sender === null)
      find(
        'QUEUE_WITHOUT_SENDER',
        `Queue ${key} has no sender: what comes to ${internal.map(({address}) => address).join(', ')} cannot be answered.`,
        [{text: 'Name an address that can send:', command: `postdesk queue update ${key} --sender ADDRESS ${on}`}],
      )
  }
  for (const {address} of channels.filter(({state}) => state === 'needs-queue'))
    find('CHANNEL_WITHOUT_QUEUE', `${address} has no queue.`, [
      {text: 'Say where its tickets go:', command: `postdesk email update ${address} --queue KEY ${on}`},
    ])
  findings.push(
    ...(await accountFindings(db, portal, {channels: summaries, inbound, hasPassword: options.hasPassword})),
  )
  for (const {address, waiting} of channels.filter(({state, waiting}) => state === 'inactive' && waiting > 0))
    find('CHANNEL_WAITING', `${mails(waiting)} for ${address}, which is switched off.`, [
      {text: 'Switch it on, and they are taken in:', command: `postdesk email update ${address} --active ${on}`},
    ])
  findings.push(...(await confirmationFindings(store, portal)))
  const {poison = 0, 'channel-inactive': _, 'forwarding-confirmation': _told, ...others} = reasons
  const quarantined = Object.entries(others)
  if (quarantined.length > 0)
    find(
      'QUARANTINE_NOT_EMPTY',
      `${mails(quarantined.reduce((sum, [, n]) => sum + n, 0))} in the quarantine: ${quarantined.map(([reason, n]) => `${n} ${reason}`).join(', ')}.`,
      [{text: 'See why, and what to do:', command: `postdesk quarantine list ${on}`}],
    )
  if (poison > 0)
    find('POISON', `${mails(poison)} that the server does not hand out.`, [
      {text: 'See which:', command: `postdesk quarantine list --reason poison ${on}`},
    ])
  const room = await measureBudget(store, portal.id)
  const share = Math.max(room.mails / QUARANTINE_BUDGET.mails, room.bytes / QUARANTINE_BUDGET.bytes)
  if (share >= NEARLY_FULL)
    find(
      'QUARANTINE_FULL',
      `What strangers can send takes ${Math.floor(share * 100)} % of its room in the quarantine: the oldest is purged to make room.`,
      [
        {text: 'See what it is:', command: `postdesk quarantine list --reason unknown-recipient ${on}`},
        {text: 'Drop what nobody needs:', command: `postdesk quarantine drop --reason unknown-recipient ${on}`},
      ],
    )
  const outgoing = await outboxStatus(db, portal, summaries, now)
  return {channels, outbox: outgoing.counts, findings: [...findings, ...outgoing.findings]}
}

/** A purge leaves as much as fits, which is less than all by one mail at most. */
const NEARLY_FULL = 0.8

const mails = (count: number): string => (count === 1 ? '1 mail waits' : `${count} mails wait`)

/** Whole seconds, never less than 0: another machine's clock may be ahead. */
function secondsSince(instant: string | null, now: string): number | null {
  return instant === null ? null : Math.max(0, Math.floor((Date.parse(now) - Date.parse(instant)) / 1000))
}
