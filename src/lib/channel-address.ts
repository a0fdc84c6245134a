/** What the addresses of a portal have in common, of whatever kind: their settings, their names, and their removal. */
import {channelOwner, forgetPassword, knownPassword} from './account-password.ts'
import {checkDisplayName} from './address.ts'
import {requireChannel} from './channel-summary.ts'
import {alreadyExists, inUse, invalidValue, notFound, usage} from './errors.ts'
import {requireQueue} from './queue.ts'
import {readRelay} from './relay.ts'
import type {SecretSources} from './secret/resolve-secret.ts'
import {
  deleteChannel,
  dropAlias,
  findChannel,
  listChannels,
  listSmtpChannels,
  portalThatHas,
  type ChannelFields,
  type ChannelRow,
} from './store/channels.ts'
import type {Store} from './store/open.ts'
import {lockPortal, lockStore, type PortalRow} from './store/portals.ts'
import type {Db, Tx} from './store/schema.ts'
import {deleteSecrets} from './store/secrets.ts'
import {countQueuedOf, deleteSender, failQueuedOf} from './store/senders.ts'

/** What an address is told; what is left out stays, or is filled in. */
export interface ChannelSettings {
  readonly name?: string | undefined
  /** Key of its queue. */
  readonly queue?: string | undefined
  readonly assignOnline?: boolean | undefined
  readonly autoReply?: boolean | undefined
  readonly autoReplySubject?: string | undefined
  readonly autoReplyBody?: string | undefined
}

/** What can be changed of an address beside its settings. */
export interface ChannelChanges extends ChannelSettings {
  readonly active?: boolean | undefined
  /** The new address; the one before stays an alias for incoming mail. */
  readonly address?: string | undefined
  /** A former address that leads here no longer. */
  readonly dropAlias?: string | undefined
}

/** Characters. A header line has at most 998 (RFC 5322 2.1.1), and an encoded one needs some three for each. */
const MAX_SUBJECT = 250
/** Bytes. An automatic reply is a letter, not a file. */
const MAX_BODY = 64 * 1024

/** What is wrong with the subject of an automatic reply; null for a good one. */
export function checkSubject(text: string): string | null {
  if (text.trim() === '') return 'use at least one visible character'
  if (text.length > MAX_SUBJECT) return `use at most ${MAX_SUBJECT} characters`
  return /[\p{Cc}\u2028\u2029]/u.test(text) ? 'use one line, without control characters' : null
}

/** What is wrong with the text of an automatic reply; null for a good one. */
export function checkBody(text: string): string | null {
  if (text.trim() === '') return 'use at least one visible character'
  if (Buffer.byteLength(text) > MAX_BODY) return `use at most ${MAX_BODY / 1024} kB`
  return text.includes('\0') ? 'it holds a NUL character' : null
}

/** @throws 64 for the first setting that is not valid. */
export function checkSettings(settings: ChannelSettings): void {
  const check = (flag: string, value: string | undefined, judge: (text: string) => string | null) => {
    const wrong = value === undefined ? null : judge(value)
    if (wrong !== null) throw invalidValue(flag, wrong)
  }
  check('--name', settings.name, checkDisplayName)
  check('--auto-reply-subject', settings.autoReplySubject, checkSubject)
  check('--auto-reply-body', settings.autoReplyBody, checkBody)
}

/** The columns that the settings fill. @throws 67 for a queue that is not there. */
export async function columnsOf(db: Db, portal: PortalRow, settings: ChannelSettings): Promise<Partial<ChannelFields>> {
  const {name, queue, assignOnline, autoReply, autoReplySubject, autoReplyBody} = settings
  return {
    ...(name === undefined ? {} : {name}),
    ...(queue === undefined ? {} : {queue_id: (await requireQueue(db, portal, queue)).id}),
    ...(assignOnline === undefined ? {} : {assign_online: Number(assignOnline)}),
    ...(autoReply === undefined ? {} : {auto_reply: Number(autoReply)}),
    ...(autoReplySubject === undefined ? {} : {auto_reply_subject: autoReplySubject}),
    ...(autoReplyBody === undefined ? {} : {auto_reply_body: autoReplyBody}),
  }
}

/** How people call columns whose flag has another name. */
const FLAGS: Readonly<Record<string, string>> = {
  queue_id: 'queue',
  deactivated_at: 'active',
  user_name: 'user',
  forwards_to_id: 'forwards-to',
}

/** The flags whose columns in `fields` differ from those of `row`. */
export const differences = <Row extends object>(row: Row, fields: Partial<Row>): string[] =>
  (Object.keys(fields) as (keyof Row & string)[])
    .filter((name) => row[name] !== fields[name])
    .map((name) => FLAGS[name] ?? name.replaceAll('_', '-'))

/** @throws 64 where an automatic reply is on that says nothing. */
export function refuseEmptyReply(
  row: Pick<ChannelFields, 'auto_reply_subject' | 'auto_reply_body'> & {readonly auto_reply: number | null},
): void {
  if (row.auto_reply === 1 && (row.auto_reply_subject === '' || row.auto_reply_body === ''))
    throw usage('an automatic reply needs a subject and a text', [
      {text: 'Give them with --auto-reply-subject and --auto-reply-body (or --auto-reply-body-file).'},
    ])
}

/** Only what changes: an address that is off stays off since when it was. */
export function activation(row: ChannelRow, active: boolean | undefined, now: string): Partial<ChannelFields> {
  if (active === undefined || active === (row.deactivated_at === null)) return {}
  return {deactivated_at: active ? null : now}
}

/** Lets one change after the other into what addresses are: they are unique in the whole store. @throws 67 */
export async function lockAddresses(tx: Tx, portal: PortalRow): Promise<PortalRow> {
  await lockStore(tx)
  const locked = await lockPortal(tx, portal.id)
  if (!locked) throw notFound('portal', portal.key)
  return locked
}

/**
 * The channel of this portal that has `address` now; undefined where nobody has it.
 * @throws 73 where another portal has it, or mail to it goes to a channel that had it before.
 */
export async function holderOf(db: Db, portal: PortalRow, address: string): Promise<ChannelRow | undefined> {
  const other = await portalThatHas(db, address, portal.id)
  if (other !== undefined) throw alreadyExists('address', address, `the portal ${other} has it`)
  const holder = await findChannel(db, portal.id, address)
  if (holder && holder.address.toLowerCase() !== address.toLowerCase())
    throw alreadyExists('address', address, `mail to it goes to ${holder.address}, which had this address before`, [
      {
        text: 'Take it from there:',
        command: `postdesk email update ${holder.address} --drop-alias ${address} --portal ${portal.key}`,
      },
    ])
  return holder
}

/** @throws 73 where `address` belongs to somebody else than `channel`. */
export async function requireFree(db: Db, portal: PortalRow, address: string, channel: ChannelRow): Promise<string> {
  // Its own former address may become its current one again.
  const own = (await findChannel(db, portal.id, address))?.id === channel.id
  if (!own && (await holderOf(db, portal, address)))
    throw alreadyExists('address', address, 'another address of this portal has it')
  return address
}

/** What `add` says of an address that is there already. */
export const addressExists = (address: string, portal: PortalRow, why: string) =>
  alreadyExists('address', address, why, [
    {text: 'Change it instead:', command: `postdesk email update ${address} --portal ${portal.key} …`},
  ])

/** @throws 64 for the current address, 67 for one that it never had. */
export async function dropFormer(tx: Tx, portal: PortalRow, channel: ChannelRow, typed: string): Promise<void> {
  const alias = typed.includes('@') ? typed : `${typed}@${portal.domain}`
  if (alias.toLowerCase() === channel.address.toLowerCase())
    throw invalidValue(`--drop-alias ${alias}`, 'it is the current address; only a former one can be dropped')
  if (!(await dropAlias(tx, channel, alias))) throw notFound('alias', alias)
}

/** What a removal takes with it, for the question before it. */
export interface Removal {
  readonly address: string
  /** Recipients whose mail waits to leave by it. */
  readonly waiting: number
  /** SMTP addresses whose mail is forwarded to it. */
  readonly forwarders: readonly string[]
}

/** @throws 67 for an address that is not there, 73 for the relay of the portal. */
export async function checkRemoval(db: Db, portal: PortalRow, typed: string): Promise<Removal> {
  return removalOf(db, portal, await requireChannel(db, portal, typed))
}

async function removalOf(db: Db, portal: PortalRow, {id, address}: ChannelRow): Promise<Removal> {
  const relay = readRelay(portal)
  if (relay?.kind === 'channel' && relay.channelId === id)
    throw inUse('email address', address, "it is the relay of the portal: the system's own mail leaves by it", [
      {text: 'Take another relay first, or none:', command: `postdesk portal relay unset --portal ${portal.key}`},
    ])
  const forwarding = new Set(
    (await listSmtpChannels(db, portal.id)).filter((row) => row.forwards_to_id === id).map((row) => row.channel_id),
  )
  return {
    address,
    waiting: await countQueuedOf(db, portal.id, id),
    forwarders: (await listChannels(db, portal.id)).filter((row) => forwarding.has(row.id)).map((row) => row.address),
  }
}

/**
 * Removes an address, and its password from this machine. Its tickets stay, without a channel; mail that waits to leave by it
 * is given up.
 */
export async function removeAddress(
  store: Store,
  portal: PortalRow,
  typed: string,
  {now, secrets}: {readonly now: string; readonly secrets: () => Promise<SecretSources>},
): Promise<Removal> {
  const channel = await requireChannel(store.db, portal, typed)
  const password = await knownPassword(store, portal, channelOwner(channel))
  const removal = await store.transaction(async (tx) => {
    const locked = await lockPortal(tx, portal.id)
    if (!locked) throw notFound('portal', portal.key)
    const row = await requireChannel(tx, locked, typed)
    const removal = await removalOf(tx, locked, row)
    await failQueuedOf(tx, portal.id, row.id, 'its address was removed', now)
    await deleteSender(tx, portal.id, row.id)
    await deleteSecrets(tx, portal.id, String(row.id))
    await deleteChannel(tx, row)
    return removal
  })
  if (password) await forgetPassword(password, await secrets())
  return removal
}
