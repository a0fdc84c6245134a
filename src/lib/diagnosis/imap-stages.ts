/** The stages of reading by IMAP once the login is through. The mailbox is only looked at: nothing is altered on the server. */
import {blocked, type Evidence, failed, type Finding, passed, warned} from '../channel/stage.ts'
import {providerOf, rowOfReply} from '../connection/match-reply.ts'
import {noMailbox} from '../connection/no-mailbox.ts'
import {notUnderstood} from '../connection/session-errors.ts'
import {type ErrorParts, EXIT} from '../errors.ts'
import {offers} from './capabilities.ts'
import type {Conversation} from './conversation.ts'
import {type ImapResponse, quoted} from './imap-dialog.ts'
import {
  type OpenedMailbox,
  type Quota,
  readMailboxNames,
  readOpened,
  readSeenMessage,
  readStorageQuota,
  type SeenMessage,
} from './imap-responses.ts'
import type {Rung} from './ladder.ts'
import {encodeMailboxName} from './mailbox-name.ts'
import {overWire, refusal, saidBy} from './server-words.ts'

/** The stages `mailbox` and `messages`. */
export function imapRungs(conversation: Conversation): readonly Rung[] {
  let opened: OpenedMailbox | null = null
  const mailbox = conversation.subject.mailbox ?? 'INBOX'
  return [
    {
      id: 'mailbox',
      needs: ['login'],
      async look(signal) {
        if (!conversation.loggedIn) return blocked('nobody is logged in')
        return overWire(conversation, signal, 'opening the mailbox', () =>
          lookAtMailbox(conversation, mailbox, (shown) => (opened = shown)),
        )
      },
    },
    {
      id: 'messages',
      needs: ['mailbox'],
      async look(signal) {
        if (opened === null) return blocked('no mailbox is open')
        const shown = opened
        return overWire(conversation, signal, 'reading messages', () => lookAtMessages(conversation, mailbox, shown))
      },
    },
  ]
}

// Mailbox ---------------------------------------------------------------------------------------------------------

async function lookAtMailbox(
  conversation: Conversation,
  mailbox: string,
  onOpened: (opened: OpenedMailbox) => void,
): Promise<Finding> {
  // RFC 2971. NetEase (163.com, 126.com) opens no mailbox for who has not named himself (offlineimap#696, himalaya#651).
  const identified = providerOf(conversation.subject) === 'netease'
  if (identified) await ask(conversation, 'ID ("name" "postdesk")')
  // It takes not even \Recent away from others (RFC 9051 6.3.3).
  const response = await ask(conversation, `EXAMINE ${nameOf(mailbox)}`)
  const evidence: Evidence = {mailbox, identified, reply: conversation.shown(replyOf(response))}
  if (response.status !== 'OK') return notOpened(conversation, mailbox, response, evidence)
  const opened = readOpened(response.untagged)
  onOpened(opened)
  return passed(`${mailbox} opens`, evidence)
}

async function notOpened(
  conversation: Conversation,
  mailbox: string,
  response: ImapResponse,
  evidence: Evidence,
): Promise<Finding> {
  const {subject} = conversation
  const reply = replyOf(response)
  const problem = refusal(conversation, reply, 'mailbox')
  // Words that are known say why; of a mailbox that is not there many servers say only no.
  if (response.status !== 'NO' || rowOfReply(reply, {...subject, step: 'mailbox'}) !== null)
    return failed(problem, evidence)
  const names = readMailboxNames((await ask(conversation, 'LIST "" "*"')).untagged)
  const known = names.some((name) => name === mailbox || (isInbox(name) && isInbox(mailbox)))
  if (names.length === 0 || known) return failed(problem, evidence)
  return failed(saidBy(conversation, noMailbox(subject, mailbox, names), reply), {
    ...evidence,
    mailboxes: names.slice(0, NAMES_KEPT).map((name) => conversation.shown(name)),
  })
}

/** Names that are kept as evidence. */
const NAMES_KEPT = 100

/** RFC 9051 5.1. */
const isInbox = (name: string) => name.toUpperCase() === 'INBOX'

// Messages --------------------------------------------------------------------------------------------------------

async function lookAtMessages(conversation: Conversation, mailbox: string, opened: OpenedMailbox): Promise<Finding> {
  const {after, subject} = conversation
  const quota = offers(after, 'QUOTA') ? await askQuota(conversation, mailbox) : null
  const newest = opened.exists ? await readNewest(conversation, opened.exists) : null
  const evidence: Evidence = {
    exists: opened.exists,
    recent: opened.recent,
    uidValidity: opened.uidValidity,
    uidNext: opened.uidNext,
    permanentFlags: opened.permanentFlags,
    idle: offers(after, 'IDLE'),
    quota: quota && {usedKiB: quota.used, limitKiB: quota.limit, percent: percentOf(quota)},
    newest: newest === null || 'code' in newest ? null : {...newest},
  }
  if (newest !== null && 'code' in newest) return failed(newest, evidence)
  if (opened.uidValidity === null) return warned(noUidValidity(subject.host, mailbox), evidence)
  if (quota !== null && percentOf(quota) >= NEARLY_FULL) return warned(nearlyFull(subject.host, quota), evidence)
  return passed(
    newest === null
      ? `${mailbox} is empty`
      : `${mailbox} has ${opened.exists} ${opened.exists === 1 ? 'message' : 'messages'}; the newest can be read`,
    evidence,
  )
}

/** RFC 9208 4.1.3. A server that does not tell it here has none for this mailbox. */
async function askQuota(conversation: Conversation, mailbox: string): Promise<Quota | null> {
  return readStorageQuota((await ask(conversation, `GETQUOTAROOT ${nameOf(mailbox)}`)).untagged)
}

/** PEEK leaves the message unseen (RFC 9051 6.4.5). What it says of people and its subject is nobody's business here. */
async function readNewest(conversation: Conversation, number: number): Promise<SeenMessage | ErrorParts> {
  const response = await ask(
    conversation,
    `FETCH ${number} (UID INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (DATE MESSAGE-ID)])`,
  )
  if (response.status !== 'OK') return refusal(conversation, replyOf(response), 'mailbox')
  const {subject, protocol} = conversation
  return (
    readSeenMessage(response.untagged) ??
    notUnderstood(subject.host, 'it counts a message, and gives no header of it', protocol)
  )
}

/** Mail bounces where nothing is left; a tenth of a mailbox is filled within days. */
const NEARLY_FULL = 90

const percentOf = ({used, limit}: Quota) => Math.floor((used / limit) * 100)

const nearlyFull = (host: string, quota: Quota): ErrorParts => ({
  code: 'IMAP_QUOTA_NEARLY_FULL',
  exitCode: EXIT.protocol,
  title: `The mailbox at ${host} is ${percentOf(quota)} % full`,
  why: `${mebibytes(quota.used)} of ${mebibytes(quota.limit)} MiB are used, and what does not fit is returned to its sender`,
  fixes: [{text: 'Delete or archive old mail in the account, or have its quota raised.'}],
})

const mebibytes = (kibibytes: number) => (kibibytes / 1024).toFixed(0)

const noUidValidity = (host: string, mailbox: string): ErrorParts => ({
  code: 'IMAP_NO_UIDVALIDITY',
  exitCode: EXIT.protocol,
  title: `${host} gives ${mailbox} no UIDVALIDITY`,
  why: 'the numbers of its messages hold for one connection only (RFC 9051 2.3.1.1), so each sync has to look at all of them',
  fixes: [{text: 'Nothing is lost by it; empty the mailbox by --move-to where syncs take long.'}],
})

// All -------------------------------------------------------------------------------------------------------------

async function ask(conversation: Conversation, command: string): Promise<ImapResponse> {
  const response = await conversation.imap().command(command)
  if (response.status === 'BYE') conversation.close()
  return response
}

const nameOf = (mailbox: string) => quoted(encodeMailboxName(mailbox))

const replyOf = ({status, text}: ImapResponse) => `${status} ${text}`
