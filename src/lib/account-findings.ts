/** What an admin should look at in the accounts of a portal: passwords that this machine lacks, and what nobody has proved. */
import {INBOUND, passwordName, RELAY, type HasPassword} from './account-password.ts'
import type {ChannelSummary} from './channel-summary.ts'
import {EXIT} from './errors.ts'
import type {Finding} from './finding.ts'
import type {InboundConfig} from './inbound.ts'
import {describeRelay, type RelaySummary} from './relay.ts'
import type {PortalRow} from './store/portals.ts'
import type {Db} from './store/schema.ts'
import type {SourceRow} from './store/sources.ts'

/** The accounts of a portal. */
interface Accounts {
  readonly channels: readonly ChannelSummary[]
  readonly inbound: SourceRow | undefined
  /** Whether this machine can resolve a password; undefined: nobody is asked. */
  readonly hasPassword: HasPassword | undefined
}

export async function accountFindings(
  db: Db,
  portal: PortalRow,
  {channels, inbound, hasPassword}: Accounts,
): Promise<readonly Finding[]> {
  const relay = await describeRelay(db, portal, hasPassword)
  const smtpRelay = relay?.kind === 'smtp' ? relay : null
  return [
    ...channels
      .filter(({state}) => state === 'secret-missing-here')
      .map(({address}) => passwordMissing(portal, address, 'nothing leaves by it from here')),
    ...((await lacksPassword(inbound, hasPassword))
      ? [passwordMissing(portal, INBOUND.shownAs, 'no mail is fetched from here')]
      : []),
    ...(smtpRelay?.state === 'secret-missing-here'
      ? [passwordMissing(portal, RELAY.shownAs, 'no automatic reply leaves from here')]
      : []),
    ...unprovedLogins(channels, smtpRelay).map((account) => loginUnverified(portal, account)),
    ...channels
      .filter(({active, forwardsTo, forwardingVerifiedAt}) => active && forwardsTo && forwardingVerifiedAt === null)
      .map((channel) => forwardingUnverified(portal, channel)),
  ]
}

async function lacksPassword(inbound: SourceRow | undefined, hasPassword: HasPassword | undefined): Promise<boolean> {
  if (!inbound || !hasPassword) return false
  const config = JSON.parse(inbound.config) as InboundConfig
  return config.kind === 'imap' && !(await hasPassword(INBOUND, config))
}

/** Those whose settings of now never opened a session, by the name that `email test` has for them. */
const unprovedLogins = (channels: readonly ChannelSummary[], relay: RelaySummary | null): string[] => [
  ...channels.filter(({active, server}) => active && server?.verifiedAt === null).map(({address}) => address),
  // Without a user there is no login to prove.
  ...(relay?.user && relay.verifiedAt === null ? [RELAY.shownAs] : []),
]

function passwordMissing(portal: PortalRow, account: string, what: string): Finding {
  const name = passwordName(portal, {shownAs: account})
  return {
    code: 'SECRET_MISSING_HERE',
    text: `This machine has no password of ${named(account)}: ${what}.`,
    fixes: [
      {text: 'Keep a copy here:', command: `postdesk secret set ${name}`},
      {text: 'Or say where this machine finds it:', command: `postdesk secret bind ${name} env:VARIABLE`},
    ],
    failOn: 'error',
    exitCode: EXIT.config,
  }
}

const loginUnverified = ({key}: PortalRow, account: string): Finding => ({
  code: 'LOGIN_UNVERIFIED',
  text: `Nobody has seen a login of ${named(account)} succeed: whether its settings are right is not known.`,
  fixes: [{text: 'Try them:', command: `postdesk email test ${account} --portal ${key}`}],
  failOn: 'unverified',
})

const forwardingUnverified = ({key}: PortalRow, {address, forwardsTo}: ChannelSummary): Finding => ({
  code: 'FORWARDING_UNVERIFIED',
  text: `Nobody has seen mail for ${address} arrive at ${forwardsTo}: whether its provider forwards it is not known.`,
  fixes: [{text: 'Send a probe on its way:', command: `postdesk email test ${address} --roundtrip --portal ${key}`}],
  failOn: 'unverified',
})

/** An address as it is; `the relay`, `the inbound`. */
const named = (account: string): string => (account.includes('@') ? account : `the ${account}`)
