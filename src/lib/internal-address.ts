/** Internal addresses: those at the portal's own domain. */
import {checkDisplayName, checkLocalPart} from './address.ts'
import {requireChannel, summariseChannel, type ChannelSummary} from './channel-summary.ts'
import {alreadyExists, invalidValue, noQueue, notFound, usage} from './errors.ts'
import {requireQueue} from './queue.ts'
import {
  deleteChannel,
  dropAlias,
  findChannel,
  insertChannel,
  updateChannel,
  type ChannelFields,
  type ChannelRow,
} from './store/channels.ts'
import type {Store} from './store/open.ts'
import {lockPortal, type PortalRow} from './store/portals.ts'
import {listWaiting} from './store/quarantine.ts'
import {listQueues} from './store/queues.ts'
import type {Db, Tx} from './store/schema.ts'

/** What an internal address is told; what is left out stays, or is filled in. */
export interface InternalAddressSettings {
  readonly name?: string | undefined
  /** Key of its queue. */
  readonly queue?: string | undefined
  readonly assignOnline?: boolean | undefined
  readonly autoReply?: boolean | undefined
  readonly autoReplySubject?: string | undefined
  readonly autoReplyBody?: string | undefined
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
function checkInternalAddress(settings: InternalAddressSettings): void {
  const check = (flag: string, value: string | undefined, judge: (text: string) => string | null) => {
    const wrong = value === undefined ? null : judge(value)
    if (wrong !== null) throw invalidValue(flag, wrong)
  }
  check('--name', settings.name, checkDisplayName)
  check('--auto-reply-subject', settings.autoReplySubject, checkSubject)
  check('--auto-reply-body', settings.autoReplyBody, checkBody)
}

/** What is wrong with a local part, or an address at `domain` where that is known; null for a good one. */
export function checkInternal(typed: string, domain?: string): string | null {
  const at = typed.lastIndexOf('@')
  if (at !== -1 && domain !== undefined && typed.slice(at + 1).toLowerCase() !== domain)
    return `an internal address is at the portal's own domain, which is ${domain}`
  return checkLocalPart(at === -1 ? typed : typed.slice(0, at))
}

/**
 * The full address of what was typed: a local part, or an address at the portal's domain.
 * @throws 64 for a bad local part, or for another domain.
 */
export function internalAddress(typed: string, portal: Pick<PortalRow, 'key' | 'domain'>): string {
  const at = typed.lastIndexOf('@')
  const full = `${at === -1 ? typed : typed.slice(0, at)}@${portal.domain}`
  const wrong = checkInternal(typed, portal.domain)
  if (wrong !== null)
    throw invalidValue(
      `The address ${JSON.stringify(typed)}`,
      wrong,
      checkInternal(typed) !== null
        ? []
        : [
            {text: `Use ${full}, and forward the mail of ${typed} to it.`},
            {text: 'Where the domain is the one of another portal, name that with --portal KEY.'},
          ],
    )
  return full
}

/**
 * The queue of an address for which none was named: the only one.
 * Null where there are several. @throws 64 where there is none.
 */
export async function onlyQueue(db: Db, portal: PortalRow): Promise<string | null> {
  const queues = await listQueues(db, portal.id)
  if (queues.length === 0) throw noQueue(portal.key)
  return queues.length === 1 ? queues[0]!.key : null
}

/** Settings with everything that an address needs at its creation. */
export type NewInternalAddress = InternalAddressSettings & {readonly name: string; readonly queue: string}

/**
 * Adds an internal address. With `ifNotExists` one that has the settings given is no change.
 * @throws 64 for a bad value, 67 for a queue that is not there, 73 where the address is taken.
 */
export async function addInternalAddress(
  store: Store,
  portal: PortalRow,
  typed: string,
  settings: NewInternalAddress,
  options: {readonly ifNotExists: boolean; readonly now: string},
): Promise<{channel: ChannelSummary; changed: boolean}> {
  checkInternalAddress(settings)
  return store.transaction(async (tx) => {
    const locked = await lockPortal(tx, portal.id)
    if (!locked) throw notFound('portal', portal.key)
    const address = internalAddress(typed, locked)
    const fields = await fieldsOf(tx, locked, settings)
    const known = await findChannel(tx, portal.id, address)
    if (known) {
      if (known.address.toLowerCase() !== address.toLowerCase()) throw takenAlias(address, known, portal)
      const differs = known.kind === 'internal' ? differences(known, fields) : ['kind']
      if (options.ifNotExists && differs.length === 0)
        return {channel: await summariseChannel(tx, locked, known), changed: false}
      throw alreadyExists(
        'address',
        known.address,
        options.ifNotExists ? `with another ${differs.join(', ')}` : 'an address is added once',
        [{text: 'Change it instead:', command: `postdesk email update ${known.address} --portal ${portal.key} …`}],
      )
    }
    const row: ChannelFields = {
      kind: 'internal',
      address,
      name: settings.name,
      queue_id: null,
      assign_online: 0,
      deactivated_at: null,
      auto_reply: 0,
      auto_reply_subject: '',
      auto_reply_body: '',
      ...fields,
    }
    refuseEmptyReply(row)
    const channel = await insertChannel(tx, portal.id, row, options.now)
    return {channel: await summariseChannel(tx, locked, channel), changed: true}
  })
}

const takenAlias = (address: string, owner: ChannelRow, portal: PortalRow) =>
  alreadyExists('address', address, `mail to it goes to ${owner.address}, which had this address before`, [
    {
      text: 'Take it from there:',
      command: `postdesk email update ${owner.address} --drop-alias ${address} --portal ${portal.key}`,
    },
  ])

async function fieldsOf(tx: Tx, portal: PortalRow, settings: InternalAddressSettings): Promise<Partial<ChannelFields>> {
  const {name, queue, assignOnline, autoReply, autoReplySubject, autoReplyBody} = settings
  return {
    ...(name === undefined ? {} : {name}),
    ...(queue === undefined ? {} : {queue_id: (await requireQueue(tx, portal, queue)).id}),
    ...(assignOnline === undefined ? {} : {assign_online: Number(assignOnline)}),
    ...(autoReply === undefined ? {} : {auto_reply: Number(autoReply)}),
    ...(autoReplySubject === undefined ? {} : {auto_reply_subject: autoReplySubject}),
    ...(autoReplyBody === undefined ? {} : {auto_reply_body: autoReplyBody}),
  }
}

/** How people call the columns of a channel. */
const FLAG_OF: Partial<Record<keyof ChannelFields, string>> = {
  queue_id: 'queue',
  assign_online: 'assign-online',
  auto_reply: 'auto-reply',
  auto_reply_subject: 'auto-reply-subject',
  auto_reply_body: 'auto-reply-body',
  deactivated_at: 'active',
}

function differences(row: ChannelRow, fields: Partial<ChannelFields>): string[] {
  return (Object.keys(fields) as (keyof ChannelFields)[])
    .filter((name) => row[name] !== fields[name])
    .map((name) => FLAG_OF[name] ?? name)
}

function refuseEmptyReply(row: Pick<ChannelFields, 'auto_reply' | 'auto_reply_subject' | 'auto_reply_body'>): void {
  if (row.auto_reply === 1 && (row.auto_reply_subject === '' || row.auto_reply_body === ''))
    throw usage('an automatic reply needs a subject and a text', [
      {text: 'Give them with --auto-reply-subject and --auto-reply-body (or --auto-reply-body-file).'},
    ])
}

/** What `email update` can change beside the settings. */
export interface ChannelChanges extends InternalAddressSettings {
  readonly active?: boolean | undefined
  /** The new address; the one before stays an alias for incoming mail. */
  readonly address?: string | undefined
  /** A former address that leads here no longer. */
  readonly dropAlias?: string | undefined
}

/**
 * Changes an internal address. `waiting`: the ids of the mails that wait in the quarantine because it was switched off.
 * @throws 64 for a bad value, 67 for an address or queue that is not there, 73 where the new address is taken.
 */
export async function updateInternalAddress(
  store: Store,
  portal: PortalRow,
  address: string,
  changes: ChannelChanges,
  now: string,
): Promise<{channel: ChannelSummary; waiting: readonly number[]; changed: boolean}> {
  checkInternalAddress(changes)
  return store.transaction(async (tx) => {
    const locked = await lockPortal(tx, portal.id)
    if (!locked) throw notFound('portal', portal.key)
    const before = await requireChannel(tx, locked, address)
    const fields = {
      ...(await fieldsOf(tx, locked, changes)),
      ...activation(before, changes.active, now),
      ...(changes.address === undefined ? {} : {address: await freeAddress(tx, locked, before, changes.address)}),
    }
    const row = {...before, ...fields}
    refuseEmptyReply(row)
    const changed = differences(before, fields).length > 0
    if (changed) await updateChannel(tx, before, fields, now)
    if (changes.dropAlias !== undefined) await dropFormer(tx, locked, row, changes.dropAlias)
    return {
      channel: await summariseChannel(tx, locked, row),
      waiting: await listWaiting(tx, portal.id, row.id),
      changed: changed || changes.dropAlias !== undefined,
    }
  })
}

/** Only what changes: an address that is off stays off since when it was. */
function activation(row: ChannelRow, active: boolean | undefined, now: string): Partial<ChannelFields> {
  if (active === undefined || active === (row.deactivated_at === null)) return {}
  return {deactivated_at: active ? null : now}
}

async function freeAddress(tx: Tx, portal: PortalRow, channel: ChannelRow, typed: string): Promise<string> {
  const address = internalAddress(typed, portal)
  const owner = await findChannel(tx, portal.id, address)
  if (!owner || owner.id === channel.id) return address
  if (owner.address.toLowerCase() !== address.toLowerCase()) throw takenAlias(address, owner, portal)
  throw alreadyExists('address', address, 'another address of this portal has it')
}

async function dropFormer(tx: Tx, portal: PortalRow, channel: ChannelRow, typed: string): Promise<void> {
  const alias = typed.includes('@') ? typed : `${typed}@${portal.domain}`
  if (alias.toLowerCase() === channel.address.toLowerCase())
    throw invalidValue(`--drop-alias ${alias}`, 'it is the current address; only a former one can be dropped')
  if (!(await dropAlias(tx, channel, alias))) throw notFound('alias', alias)
}

/** Removes an address. Its tickets stay, without a channel. */
export async function removeAddress(store: Store, portal: PortalRow, address: string): Promise<{address: string}> {
  return store.transaction(async (tx) => {
    const locked = await lockPortal(tx, portal.id)
    if (!locked) throw notFound('portal', portal.key)
    const row = await requireChannel(tx, locked, address)
    await deleteChannel(tx, row)
    return {address: row.address}
  })
}
