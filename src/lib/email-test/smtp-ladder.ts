/** The ladder of an SMTP address: its server, what becomes of mail that is forwarded for it, and the round trip. */
import {domainToASCII} from 'node:url'
import {channelOwner} from '../account-password.ts'
import {serverOf} from '../channel-summary.ts'
import {warned, type Evidence, type Finding} from '../channel/stage.ts'
import type {Rung} from '../diagnosis/ladder.ts'
import {EXIT, type PostdeskError} from '../errors.ts'
import {readRelay} from '../relay.ts'
import type {Secret} from '../secret/secret.ts'
import type {ServerSettings} from '../server-settings.ts'
import {listChannels, type ChannelRow, type SmtpChannelRow} from '../store/channels.ts'
import {findSender} from '../store/senders.ts'
import {accountOf, pausedParts, settingsOf} from './account-of.ts'
import {intakeRung} from './intake-stage.ts'
import type {Ladder} from './ladder.ts'
import type {Desk, TestRun} from './run.ts'
import {serverLadder, type ServerQuestion} from './server-ladder.ts'
import {testMessage} from './test-message.ts'

export async function smtpLadder(channel: ChannelRow, smtp: SmtpChannelRow, desk: Desk, run: TestRun): Promise<Ladder> {
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
    relay: isRelay(desk, channel.id) ? {internalSender: null} : null,
  }
  const intake = internal
    ? [intakeRung({store, portal, internal: internal.address, forwardedFor: address, now: run.clock.now()})]
    : []
  return serverLadder(question, run, [...intake, ...(await roundTrip(channel, smtp, account.password, desk, run))])
}

/** The domain as the DNS knows it. */
const domainOf = (address: string): string => domainToASCII(address.slice(address.lastIndexOf('@') + 1))

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
  return settingsOf(server, evidence)
}
