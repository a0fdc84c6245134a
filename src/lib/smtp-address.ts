/** SMTP addresses: those of any provider. They send by its server; their mail comes in where their owner forwards it. */
import {channelOwner, notePassword, passwordChecker} from './account-password.ts'
import {
  activation,
  addressExists,
  checkSettings,
  columnsOf,
  differences,
  dropFormer,
  holderOf,
  lockAddresses,
  refuseEmptyReply,
  requireFree,
  type ChannelChanges,
  type ChannelSettings,
} from './channel-address.ts'
import {checkAddress} from './address.ts'
import {requireChannel, serverOf, summariseChannel, type ChannelSummary} from './channel-summary.ts'
import {invalidValue, notFound} from './errors.ts'
import type {ServerSettings} from './server-settings.ts'
import {
  findChannel,
  findSmtpChannel,
  insertChannel,
  insertSmtpChannel,
  listChannels,
  updateChannel,
  updateSmtpChannel,
  type ChannelFields,
  type ChannelRow,
  type SmtpChannelRow,
} from './store/channels.ts'
import {reserveId} from './store/ids.ts'
import type {PortalRow} from './store/portals.ts'
import {listWaiting} from './store/quarantine.ts'
import {listQueues} from './store/queues.ts'
import type {Db, Tx} from './store/schema.ts'
import {countQueuedOf, findSender, resumeSender} from './store/senders.ts'
import {switchAccount, type AccountSwitch} from './switch-account.ts'

/** What an SMTP address is told beside its server; what is left out stays, or is filled in. */
export interface SmtpAddressSettings extends ChannelSettings {
  /** The internal address that its owner has its mail forwarded to; null for none. */
  readonly forwardsTo?: string | null | undefined
}

/** The server of an SMTP address: nobody takes the mail of others without a login. */
export type AddressServer = ServerSettings & {readonly user: string}

/** An account whose owner is the address. */
type AddressAccount = Omit<AccountSwitch, 'owner'> & {readonly server: AddressServer}

const columnsOfServer = ({host, port, security, user}: Partial<AddressServer>): Partial<SmtpChannelRow> => ({
  ...(host === undefined ? {} : {host}),
  ...(port === undefined ? {} : {port}),
  ...(security === undefined ? {} : {security}),
  ...(user === undefined ? {} : {user_name: user}),
})

/** The columns of both tables that the settings fill. @throws 64 and 67 for what they name. */
async function columnsOfBoth(
  db: Db,
  portal: PortalRow,
  {forwardsTo, ...settings}: SmtpAddressSettings,
): Promise<{channel: Partial<ChannelFields>; smtp: Partial<SmtpChannelRow>}> {
  const {assign_online: assignOnline, auto_reply: autoReply, ...channel} = await columnsOf(db, portal, settings)
  const target = typeof forwardsTo === 'string' ? (await requireInternal(db, portal, forwardsTo)).id : forwardsTo
  return {
    channel,
    smtp: {
      ...(assignOnline === undefined ? {} : {assign_online: assignOnline}),
      ...(autoReply === undefined ? {} : {auto_reply: autoReply}),
      ...(target === undefined ? {} : {forwards_to_id: target}),
    },
  }
}

async function requireInternal(db: Db, portal: PortalRow, typed: string): Promise<ChannelRow> {
  const channel = await requireChannel(db, portal, typed)
  if (channel.kind !== 'internal')
    throw invalidValue(`--forwards-to ${typed}`, `mail is forwarded to an internal address, at ${portal.domain}`)
  return channel
}

/** Its own words, else those of the internal address that its mail comes in by. */
async function refuseEmptyReplyOf(db: Db, portal: PortalRow, channel: ChannelFields, smtp: SmtpChannelRow) {
  const internal = (await listChannels(db, portal.id)).find(({id}) => id === smtp.forwards_to_id)
  const words = channel.auto_reply_subject === '' && channel.auto_reply_body === '' ? (internal ?? channel) : channel
  refuseEmptyReply({...words, auto_reply: smtp.auto_reply})
}

/** What is wrong with the address; null for a good one. */
export const checkSmtpAddress = checkAddress

/**
 * What can be said of a new SMTP address before its server is asked: null where it can be added, the address where it is
 * there with all that was given and `ifNotExists` holds.
 * @throws 64 for a bad value, 67 for a queue or internal address that is not there, 73 where the address is taken.
 */
export async function checkNewSmtpAddress(
  db: Db,
  portal: PortalRow,
  address: string,
  given: {readonly settings: SmtpAddressSettings; readonly server: Partial<AddressServer>},
  ifNotExists: boolean,
): Promise<ChannelSummary | null> {
  const wrong = checkSmtpAddress(address)
  if (wrong !== null) throw invalidValue(`The address ${JSON.stringify(address)}`, wrong)
  checkSettings(given.settings)
  const columns = await columnsOfBoth(db, portal, given.settings)
  const known = await holderOf(db, portal, address)
  if (!known) return null
  const smtp = await findSmtpChannel(db, portal.id, known.id)
  const differs = smtp
    ? [
        ...differences(known, columns.channel),
        ...differences(smtp, {...columns.smtp, ...columnsOfServer(given.server)}),
      ]
    : ['kind']
  if (ifNotExists && differs.length === 0) return summariseChannel(db, portal, known)
  throw addressExists(
    known.address,
    portal,
    ifNotExists ? `with another ${differs.join(', ')}` : 'an address is added once',
  )
}

/**
 * Adds an SMTP address, after a login where one is to be tried: what fails saves nothing, neither here nor in the store.
 * @throws as `checkNewSmtpAddress`, and as `switchAccount`.
 */
export async function addSmtpAddress(
  account: AddressAccount,
  address: string,
  settings: SmtpAddressSettings & {readonly name: string},
  now: string,
): Promise<ChannelSummary> {
  const {store, portal, server} = account
  // The password is kept under the id of the address, and before the store knows it.
  const id = await store.transaction((tx) => reserveId(tx, portal.id))
  const owner = channelOwner({id, address})
  const {saved} = await switchAccount({...account, owner}, () =>
    store.transaction(async (tx) => {
      const locked = await lockAddresses(tx, portal)
      if (await holderOf(tx, locked, address)) throw addressExists(address, portal, 'it was added meanwhile')
      const columns = await columnsOfBoth(tx, locked, settings)
      const smtp: SmtpChannelRow = {
        portal_id: portal.id,
        channel_id: id,
        host: server.host,
        port: server.port,
        security: server.security,
        user_name: server.user,
        forwards_to_id: null,
        forwarding_verified_at: null,
        verified_at: account.login === null ? null : now,
        plus_addressing: null,
        keeps_message_id: null,
        assign_online: null,
        auto_reply: null,
        ...columns.smtp,
      }
      const channel: ChannelFields = {
        kind: 'smtp',
        address,
        name: settings.name,
        queue_id: await usualQueue(tx, locked, smtp),
        assign_online: 0,
        deactivated_at: null,
        auto_reply: 0,
        auto_reply_subject: '',
        auto_reply_body: '',
        ...columns.channel,
      }
      await refuseEmptyReplyOf(tx, locked, channel, smtp)
      const row = await insertChannel(tx, portal.id, channel, now, id)
      await insertSmtpChannel(tx, smtp)
      await notePassword(tx, portal.id, owner, server, now)
      return row
    }),
  )
  return summarise(account, saved)
}

/** As this machine sees it; a secret place may be slow, and no transaction waits for it. */
const summarise = ({store, portal, secrets}: AddressAccount, row: ChannelRow): Promise<ChannelSummary> =>
  summariseChannel(store.db, portal, row, {
    hasPassword: passwordChecker({store, portal, secrets: () => Promise.resolve(secrets)}),
  })

/** The queue of the internal address, else the only one; null where it has to be said. */
async function usualQueue(tx: Tx, portal: PortalRow, smtp: SmtpChannelRow): Promise<number | null> {
  const internal = (await listChannels(tx, portal.id)).find(({id}) => id === smtp.forwards_to_id)
  if (internal) return internal.queue_id
  const queues = await listQueues(tx, portal.id)
  return queues.length === 1 ? queues[0]!.id : null
}

/** An SMTP address and its server as they are. @throws 67 for an address that is not there, 64 for one of another kind. */
export async function requireSmtpAddress(
  db: Db,
  portal: PortalRow,
  typed: string,
): Promise<{channel: ChannelRow; server: AddressServer}> {
  const channel = await requireChannel(db, portal, typed)
  const smtp = await findSmtpChannel(db, portal.id, channel.id)
  if (!smtp) throw invalidValue(channel.address, 'it is no SMTP address')
  return {channel, server: serverOf(smtp)}
}

/** What can be changed of an SMTP address beside its server and its password. */
export type SmtpAddressChanges = ChannelChanges & SmtpAddressSettings

export interface UpdatedSmtpAddress {
  readonly channel: ChannelSummary
  /** The ids of the mails that wait in the quarantine because it was switched off. */
  readonly waiting: readonly number[]
  /** Recipients whose mail waits to leave by it. */
  readonly queued: number
  readonly changed: boolean
}

/**
 * Changes an SMTP address. With another server or password a login has to succeed first, where one is to be tried; until
 * then, and where it fails, those of before are used.
 * @throws 64 for a bad value, 67 for what is not there, 73 where the new address is taken; and as `switchAccount`.
 */
export async function updateSmtpAddress(
  account: AddressAccount,
  typed: string,
  changes: SmtpAddressChanges,
  now: string,
): Promise<UpdatedSmtpAddress> {
  const {store, portal, server, password, login} = account
  checkSettings(changes)
  const before = await requireSmtpAddress(store.db, portal, typed)
  // Whatever can be refused is refused before anybody is asked to log in.
  await changedColumns(store.db, portal, before.channel, changes, now)
  const movesAccount = password.kind !== 'none' || differsFrom(before.server, server)
  const save = () =>
    store.transaction(async (tx) => {
      const locked = await lockAddresses(tx, portal)
      const row = await findChannel(tx, portal.id, before.channel.address)
      const smtp = row && (await findSmtpChannel(tx, portal.id, row.id))
      if (!row || !smtp) throw notFound('email address', before.channel.address)
      const columns = await changedColumns(tx, locked, row, changes, now)
      const moved = movesAccount ? columnsOfServer(server) : {}
      const isNew =
        differences(row, columns.channel).length + differences(smtp, {...columns.smtp, ...moved}).length > 0 ||
        (movesAccount && login !== null && smtp.verified_at === null)
      const [channel, next] = [
        {...row, ...columns.channel},
        {
          ...smtp,
          ...columns.smtp,
          ...moved,
          ...(movesAccount ? {verified_at: login === null ? null : now} : {}),
        },
      ]
      await refuseEmptyReplyOf(tx, locked, channel, next)
      if (isNew) await updateChannel(tx, row, columns.channel, now)
      if (isNew || movesAccount) await updateSmtpChannel(tx, smtp, {...next, ...unproved(row, channel, smtp, next)})
      if (movesAccount) await notePassword(tx, portal.id, channelOwner(row), server, now)
      const sender = await findSender(tx, portal.id, row.id)
      const resumes = (movesAccount || changes.active === true) && sender !== undefined
      if (resumes) await resumeSender(tx, portal.id, row.id)
      if (changes.dropAlias !== undefined) await dropFormer(tx, locked, channel, changes.dropAlias)
      return {
        channel,
        waiting: await listWaiting(tx, portal.id, row.id),
        queued: await countQueuedOf(tx, portal.id, row.id),
        changed: isNew || changes.dropAlias !== undefined || (resumes && sender.last_error !== null),
      }
    })
  const {saved, kept} = movesAccount
    ? await switchAccount({...account, owner: channelOwner(before.channel)}, save)
    : {saved: await save(), kept: false}
  return {...saved, channel: await summarise(account, saved.channel), changed: saved.changed || kept}
}

const differsFrom = (before: AddressServer, server: AddressServer): boolean =>
  (['host', 'port', 'security', 'user'] as const).some((name) => before[name] !== server[name])

async function changedColumns(db: Db, portal: PortalRow, row: ChannelRow, changes: SmtpAddressChanges, now: string) {
  const {channel, smtp} = await columnsOfBoth(db, portal, changes)
  return {
    channel: {
      ...channel,
      ...activation(row, changes.active, now),
      ...(changes.address === undefined ? {} : {address: await newAddress(db, portal, changes.address, row)}),
    },
    smtp,
  }
}

async function newAddress(db: Db, portal: PortalRow, typed: string, row: ChannelRow): Promise<string> {
  const wrong = checkSmtpAddress(typed)
  if (wrong !== null) throw invalidValue(`--address ${typed}`, wrong)
  return requireFree(db, portal, typed, row)
}

/** What a round trip proved holds for the address, the way there and the way back, and for no other. */
function unproved(
  row: ChannelRow,
  channel: ChannelFields,
  smtp: SmtpChannelRow,
  next: SmtpChannelRow,
): Partial<SmtpChannelRow> {
  const isRenamed = row.address.toLowerCase() !== channel.address.toLowerCase()
  const isMoved = smtp.host !== next.host || smtp.user_name !== next.user_name
  return {
    ...(isRenamed || smtp.forwards_to_id !== next.forwards_to_id ? {forwarding_verified_at: null} : {}),
    ...(isRenamed || isMoved ? {plus_addressing: null} : {}),
    ...(isMoved ? {keeps_message_id: null} : {}),
  }
}
