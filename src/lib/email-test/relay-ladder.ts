/** The ladder of the relay: an account of its own, or that of an address. */
import {RELAY} from '../account-password.ts'
import {warned} from '../channel/stage.ts'
import {notFound} from '../errors.ts'
import {readRelay} from '../relay.ts'
import {listChannels, listSmtpChannels} from '../store/channels.ts'
import {findSender, RELAY_SENDER} from '../store/senders.ts'
import {accountOf, flagsOf, pausedParts, settingsOf} from './account-of.ts'
import type {Ladder} from './ladder.ts'
import type {Desk, TestRun} from './run.ts'
import {serverLadder, type ServerQuestion} from './server-ladder.ts'
import {smtpLadder} from './smtp-ladder.ts'
import {testMessage} from './test-message.ts'

/** Its name among the targets. */
export const RELAY_TARGET = 'relay'

/** @throws 67 where the portal has none. */
export async function relayLadder(desk: Desk, run: TestRun): Promise<Ladder> {
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
      : settingsOf(relay, account.evidence),
    domain: {name: portal.domain, stages: 'all'},
    mend: (security) => `postdesk portal relay set smtp ${flagsOf(relay, security)} --portal ${portal.key}`,
    relay: {internalSender: sender},
  }
  return serverLadder(question, run)
}
