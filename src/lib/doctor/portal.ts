/**
 * What is odd in the portals of a store. The rules are those of `email status`; here each belongs to a check, and two are
 * added that only matter to somebody who looks: nobody is there, and nothing comes.
 */
import {isIP} from 'node:net'
import {passwordChecker} from '../account-password.ts'
import {summariseAgents} from '../agent.ts'
import {summariseChannels, type ChannelSummary} from '../channel-summary.ts'
import {failed, passed, warned, type Evidence, type Finding} from '../channel/stage.ts'
import {IMAP, SMTP} from '../connection/protocol.ts'
import {emailStatus} from '../email-status.ts'
import {EXIT, type ErrorParts} from '../errors.ts'
import type {Finding as Found} from '../finding.ts'
import {describeInbound} from '../inbound.ts'
import {describeRelay} from '../relay.ts'
import {namedSecrets} from '../secret-names.ts'
import type {SecretSources} from '../secret/resolve-secret.ts'
import {isLoopback} from '../server-settings.ts'
import {listChannels} from '../store/channels.ts'
import {channelsWithMailSince} from '../store/health.ts'
import type {Store} from '../store/open.ts'
import type {PortalRow} from '../store/portals.ts'
import type {CheckId} from './checks.ts'
import type {MailServer} from './outbound.ts'
import type {DnsQuestion} from './resolvers.ts'

/** The portals that are looked at. */
export interface Desk {
  readonly store: Store
  readonly portals: readonly PortalRow[]
}

/** Without a sync for so long nothing fetches by itself: a cron job is forgotten about at most for a weekend. */
const STALE_AFTER_S = 24 * 60 * 60

/** An address that works gets a newsletter or an advertisement in a week, if nothing else; a long weekend has four days. */
const SILENT_AFTER_MS = 7 * 24 * 60 * 60 * 1000

/** Fixes that are told with a check. */
const MAX_FIXES = 6

/** Where each finding of `email status` belongs; others are about addresses. */
const CHECK_OF: Readonly<Record<string, CheckId>> = {
  NO_INBOUND: 'inbound',
  INBOUND_FAILING: 'inbound',
  STALE: 'inbound',
  CHANNEL_SILENT: 'silence',
  QUEUE_WITHOUT_MEMBERS: 'queues',
  QUEUE_WITHOUT_SENDER: 'queues',
  NO_AGENT: 'agents',
  NOBODY_ONLINE: 'agents',
  SECRET_MISSING_HERE: 'passwords',
  LOGIN_UNVERIFIED: 'logins',
  FORWARDING_UNVERIFIED: 'forwarding',
  FORWARDING_CONFIRMATION: 'forwarding',
  SENDER_PAUSED: 'accounts',
  SENDER_FAILING: 'accounts',
  OUTBOX_OVERDUE: 'outbox',
  OUTBOX_UNKNOWN: 'outbox',
  OUTBOX_FAILED: 'outbox',
  CHANNEL_HOLDS_MAIL: 'outbox',
  RELAY_MISSING: 'auto-replies',
  AUTO_REPLY_WITHOUT_RELAY: 'auto-replies',
  AUTO_REPLIES_PAUSED: 'auto-replies',
  QUARANTINE_NOT_EMPTY: 'quarantine',
  QUARANTINE_FULL: 'quarantine',
  POISON: 'quarantine',
}

/** What is said where nothing is found. */
export const PORTAL_CHECKS = {
  inbound: 'Mail comes in without an error',
  addresses: 'What comes for each address is taken in',
  silence: 'No address has been silent for 7 days',
  queues: 'Every queue with an address has members, and can answer',
  agents: 'Somebody is there to answer',
  passwords: 'This machine finds the password of every account',
  logins: 'Every login was seen to succeed',
  forwarding: 'Every forwarding was seen to work',
  accounts: 'No account that mail leaves by has trouble',
  outbox: 'What is to leave has left, and arrived',
  'auto-replies': 'Automatic replies can leave, where there are any',
  quarantine: 'Nothing waits in the quarantine',
} as const satisfies Partial<Record<CheckId, string>>

export type PortalCheckId = keyof typeof PORTAL_CHECKS

/** Everything that is odd, by the check that it belongs to. */
export type PortalFindings = ReadonlyMap<CheckId, readonly Found[]>

/** Looks at every portal once, for all checks. */
export async function findInPortals(
  {store, portals}: Desk,
  options: {readonly now: string; readonly secrets: () => Promise<SecretSources>},
): Promise<PortalFindings> {
  const found: Found[] = []
  for (const portal of portals) {
    const hasPassword = passwordChecker({store, portal, secrets: options.secrets})
    const status = await emailStatus(store, portal, {now: options.now, staleAfter: STALE_AFTER_S, hasPassword})
    const isCut = status.findings.some(({code}) => code === 'NO_INBOUND')
    // Where nothing is there to fetch from, that it was not fetched says nothing more.
    const findings = status.findings.filter(({code}) => code !== 'STALE' || !isCut)
    const channels = await summariseChannels(store.db, portal)
    const comesIn = !findings.some(({code}) => CHECK_OF[code] === 'inbound')
    const own = [
      ...(comesIn ? await silentChannels(store, portal, channels, options.now) : []),
      ...(await absentAgents(store, portal, channels)),
    ]
    const named = (finding: Found) =>
      portals.length === 1 ? finding : {...finding, text: `${portal.key}: ${finding.text}`}
    found.push(...[...findings, ...own].map(named))
  }
  return Map.groupBy(found, ({code}) => CHECK_OF[code] ?? 'addresses')
}

/** What a check comes to: the finding with the lowest class decides, the others are told with it. */
export function lookAtPortals(id: PortalCheckId, {portals}: Desk, byCheck: PortalFindings): Finding {
  const found = byCheck.get(id) ?? []
  const [worst, ...others] = found.toSorted((a, b) => (a.exitCode ?? EXIT.sigterm) - (b.exitCode ?? EXIT.sigterm))
  if (!worst) return passed(PORTAL_CHECKS[id], {portals: portals.map(({key}) => key)})
  const evidence: Evidence = {findings: found.map(({code, text}) => ({code, text}))}
  return worst.exitCode === undefined
    ? warned(partsOf(worst, others), evidence)
    : failed(partsOf(worst, others), evidence)
}

function partsOf(worst: Found, others: readonly Found[]): ErrorParts {
  const {title, why} = splitText(worst.text)
  const fixes = new Map(
    [worst, ...others].flatMap((finding) => finding.fixes).map((fix) => [fix.command ?? fix.text, fix]),
  )
  return {
    code: worst.code,
    exitCode: worst.exitCode ?? EXIT.findings,
    title: others.length === 0 ? title : `${title} (and ${others.length} more)`,
    why: [why, ...others.map(({text}) => text.replace(/\.$/, ''))].filter((text) => text !== '').join('; '),
    fixes: [...fixes.values()].slice(0, MAX_FIXES),
  }
}

/** A finding says what is so and, behind a colon, why that matters. The key of a portal may stand before it. */
function splitText(text: string): {readonly title: string; readonly why: string} {
  const [, title = text, why = ''] = /^((?:[a-z0-9-]+: )?.+?): (.+)$/s.exec(text.replace(/\.$/, '')) ?? []
  return {title: title.replace(/\.$/, ''), why}
}

async function silentChannels(
  {db}: Store,
  portal: PortalRow,
  channels: readonly ChannelSummary[],
  now: string,
): Promise<readonly Found[]> {
  const since = new Date(Date.parse(now) - SILENT_AFTER_MS).toISOString()
  const heard = await channelsWithMailSince(db, portal.id, since)
  const rows = (await listChannels(db, portal.id)).filter(({id, created_at: at}) => at < since && !heard.has(id))
  const silent = new Set(rows.map(({address}) => address))
  return channels
    .filter(({address, active, canReceive}) => active && canReceive && silent.has(address))
    .map(({address, forwardsTo}) => ({
      code: 'CHANNEL_SILENT',
      text: `No mail has come for ${address} within 7 days: ${forwardsTo === null ? 'nobody writes to it, or what is written goes elsewhere' : 'nobody writes to it, or its provider forwards it no longer'}.`,
      fixes: [
        {
          text: forwardsTo === null ? 'See what would become of a mail to it:' : 'Send a probe on its way:',
          command: `postdesk email test ${address}${forwardsTo === null ? '' : ' --roundtrip'} --portal ${portal.key}`,
        },
        {text: 'Or switch it off:', command: `postdesk email update ${address} --no-active --portal ${portal.key}`},
      ],
      failOn: null,
    }))
}

async function absentAgents(
  {db}: Store,
  portal: PortalRow,
  channels: readonly ChannelSummary[],
): Promise<readonly Found[]> {
  const on = `--portal ${portal.key}`
  const agents = await summariseAgents(db, portal.id)
  if (agents.length === 0)
    return [
      {
        code: 'NO_AGENT',
        text: `Portal ${portal.key} has no agent: its tickets belong to nobody.`,
        fixes: [{text: 'Add one:', command: `postdesk agent add EMAIL --name NAME --queue KEY ${on}`}],
        failOn: null,
      },
    ]
  const preferring = channels.filter(({active, canReceive, assignOnline}) => active && canReceive && assignOnline)
  if (preferring.length === 0 || agents.some(({online}) => online)) return []
  return [
    {
      code: 'NOBODY_ONLINE',
      text: `No agent is online: new tickets of ${preferring.map(({address}) => address).join(', ')} go to those who are offline.`,
      fixes: [{text: 'Whoever is at work:', command: `postdesk agent online EMAIL ${on}`}],
      failOn: null,
    },
  ]
}

/** Whether a password of the portals is not given by a reference of this machine, and has to be in its secret place. */
export async function needsSecretPlace({store, portals}: Desk, {bindings}: SecretSources): Promise<boolean> {
  for (const portal of portals)
    for (const {id} of await namedSecrets(store, portal)) if ((await bindings.get(id)) === null) return true
  return false
}

/** The servers that active addresses, the relay and the inbound connect to. */
export async function serversOf({store, portals}: Desk): Promise<readonly MailServer[]> {
  const servers: MailServer[] = []
  for (const portal of portals) {
    for (const {address, active, server} of await summariseChannels(store.db, portal))
      if (server && active) servers.push({...server, protocol: SMTP, usedBy: address})
    const relay = await describeRelay(store.db, portal)
    if (relay?.kind === 'smtp')
      servers.push({...(relay as Pick<MailServer, 'host' | 'port' | 'security'>), protocol: SMTP, usedBy: 'relay'})
    const inbound = await describeInbound(store, portal)
    if (inbound?.kind === 'imap') servers.push({...inbound, protocol: IMAP, usedBy: 'inbound'})
  }
  return servers
}

/** A name that resolvers are asked for: that of a server, else the domain of the first portal. */
export function questionOf(portals: readonly PortalRow[], servers: readonly MailServer[]): DnsQuestion | null {
  const host = servers.map(({host}) => host).find((name) => isIP(name) === 0 && !isLoopback(name))
  if (host !== undefined) return {name: host, type: 'A'}
  const [portal] = portals
  return portal ? {name: portal.domain, type: 'MX'} : null
}
