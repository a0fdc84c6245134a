/** What an admin should look at in what leaves: accounts that do not work, mail that nobody sends, replies that are not given. */
import {EXIT, type Fix} from '../errors.ts'
import {notedClass, type Finding} from '../finding.ts'
import {PORTAL_PER_HOUR} from '../intake/auto-reply.ts'
import {readNoted, type ChannelSummary} from '../channel-summary.ts'
import {readRelay} from '../relay.ts'
import {listChannels} from '../store/channels.ts'
import {countAutoReplies, countDueBySender, countOutgoing, oldestDue} from '../store/outgoing-list.ts'
import type {PortalRow} from '../store/portals.ts'
import type {Db} from '../store/schema.ts'
import {listSenders, RELAY_SENDER} from '../store/senders.ts'

/** Minutes after which mail that is due is overdue: a watch sends within a second, a sync every few minutes. */
const OVERDUE_MINUTES = 15

const HOUR_MS = 60 * 60 * 1000

export async function outboxStatus(
  db: Db,
  portal: PortalRow,
  channels: readonly ChannelSummary[],
  now: string,
): Promise<{readonly counts: Readonly<Record<string, number>>; readonly findings: readonly Finding[]}> {
  const on = `--portal ${portal.key}`
  const findings: Finding[] = []
  const ago = (ms: number) => new Date(Date.parse(now) - ms).toISOString()
  const addresses = new Map((await listChannels(db, portal.id)).map(({id, address}) => [id, address]))
  const counts = await countOutgoing(db, portal.id)
  const waiting = await countDueBySender(db, portal.id)
  const senders = await listSenders(db, portal.id)

  for (const {id, paused, last_error: failing} of senders) {
    const error = paused ?? failing
    const isOff = channels.some((channel) => channel.address === addresses.get(id) && !channel.active)
    if (error === null || isOff) continue
    const {title, why, at} = readNoted(error)
    const address = id === RELAY_SENDER ? 'the relay' : (addresses.get(id) ?? 'a removed address')
    const held = waiting.get(id) ?? 0
    const mails = held === 0 ? '' : `; ${held} ${held === 1 ? 'mail waits' : 'mails wait'}`
    const mend =
      id === RELAY_SENDER
        ? `postdesk portal relay set smtp ${on} --host … --user …`
        : `postdesk email update ${address} --password-stdin ${on}`
    findings.push({
      code: paused === null ? 'SENDER_FAILING' : 'SENDER_PAUSED',
      text:
        paused === null
          ? `Sending by ${address} fails since ${at}, and is tried again by itself: ${title}: ${why}${mails}.`
          : `Nothing leaves by ${address} since ${at}, until somebody acts: ${title}: ${why}${mails}.`,
      fixes: [
        {text: 'Give it a new password or other settings:', command: mend},
        {text: 'Or, once its provider has been told, try it again:', command: `postdesk outbox retry ID ${on}`},
      ],
      failOn: 'error',
      exitCode: notedClass(error),
    })
  }
  const ids = new Map([...addresses].map(([id, address]) => [address, id]))
  const inactive = channels.flatMap(({address, active}) => (active ? [] : [{address, id: ids.get(address) ?? 0}]))
  for (const {address, id} of inactive) {
    const mails = waiting.get(id) ?? 0
    if (mails > 0)
      findings.push({
        code: 'CHANNEL_HOLDS_MAIL',
        text: `${mails} ${mails === 1 ? 'mail is' : 'mails are'} held for ${address}, which is switched off.`,
        fixes: [{text: 'Switch it on, and they leave:', command: `postdesk email update ${address} --active ${on}`}],
        failOn: null,
      })
  }
  const held = waiting.get(RELAY_SENDER) ?? 0
  if (held > 0 && readRelay(portal)?.kind !== 'smtp')
    findings.push({
      code: 'RELAY_MISSING',
      text: `${held} ${held === 1 ? 'automatic reply waits' : 'automatic replies wait'} for the relay that was unset.`,
      fixes: [{text: 'Set it again:', command: `postdesk portal relay set smtp ${on} --host … --user …`}],
      failOn: 'error',
      exitCode: EXIT.config,
    })
  // What an account holds back is told above; one that should have been tried again long ago is not.
  const late = ago(OVERDUE_MINUTES * 60_000)
  const troubled = senders.filter(({paused, retry_at: at}) => paused !== null || (at !== null && at > late))
  const withoutPassword = channels.flatMap(({address, state}) =>
    state === 'secret-missing-here' ? [{id: ids.get(address) ?? 0}] : [],
  )
  const relayless = readRelay(portal)?.kind === 'smtp' ? [] : [{id: RELAY_SENDER}]
  const stuck = new Set([...troubled, ...inactive, ...withoutPassword, ...relayless].map(({id}) => id))
  const overdue = await oldestDue(db, portal.id, {before: late, except: [...stuck]})
  if (overdue !== null)
    findings.push({
      code: 'OUTBOX_OVERDUE',
      text: `Mail waits to be sent since ${overdue}: nothing sends it.`,
      fixes: [
        {text: 'Send it now:', command: `postdesk outbox send ${on}`},
        {text: 'And see that something does so regularly:', command: `postdesk outbox send --watch ${on}`},
      ],
      failOn: 'error',
      exitCode: EXIT.notReceived,
    })
  const {unknown = 0, failed = 0} = counts
  if (unknown > 0)
    findings.push({
      code: 'OUTBOX_UNKNOWN',
      text: `Of ${unknown} ${unknown === 1 ? 'recipient' : 'recipients'} nobody knows whether the mail arrived; it is not sent again by itself.`,
      fixes: [{text: 'See which:', command: `postdesk outbox list --state unknown ${on}`}, ...decideOn(on)],
      failOn: 'error',
    })
  if (failed > 0)
    findings.push({
      code: 'OUTBOX_FAILED',
      text: `${failed} ${failed === 1 ? 'recipient was' : 'recipients were'} not reached: the servers refused them, or the mail.`,
      fixes: [{text: 'See what they said:', command: `postdesk outbox list --state failed ${on}`}, ...decideOn(on)],
      failOn: 'error',
    })
  const answering = channels.filter(({kind, autoReply, active}) => kind === 'internal' && active && autoReply !== null)
  if (portal.relay === null && answering.length > 0)
    findings.push({
      code: 'AUTO_REPLY_WITHOUT_RELAY',
      text: `The automatic reply of ${answering.map(({address}) => address).join(', ')} cannot leave: the portal has no relay.`,
      fixes: [
        {text: 'Name an SMTP account for it:', command: `postdesk portal relay set smtp ${on} --host … --user …`},
        {
          text: 'Or an address of the portal that can send:',
          command: `postdesk portal relay set channel ADDRESS ${on}`,
        },
      ],
      failOn: 'error',
      exitCode: EXIT.config,
    })
  const answered = await countAutoReplies(db, portal.id, ago(HOUR_MS))
  if (answered >= PORTAL_PER_HOUR)
    findings.push({
      code: 'AUTO_REPLIES_PAUSED',
      text: `Automatic replies are paused: ${answered} mails were to be answered within the last hour, and ${PORTAL_PER_HOUR} are the most. Who writes meanwhile gets no answer.`,
      fixes: [{text: 'See who writes so much:', command: `postdesk ticket list ${on}`}],
      failOn: 'error',
      exitCode: EXIT.tryAgain,
    })
  return {counts, findings}
}

/** What becomes of a mail that does not leave by itself any more is for a person to say. */
const decideOn = (on: string): readonly Fix[] => [
  {text: 'Then send one again:', command: `postdesk outbox retry ID ${on}`},
  {text: 'Or have it listed no longer:', command: `postdesk outbox cancel ID ${on}`},
]
