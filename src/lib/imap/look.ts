/** Looks for mail that is waited for in the mailboxes of an account, with one connection, and alters nothing. */
import type {ListResponse, SearchObject} from 'imapflow'
import {
  MAX_SIGHTED,
  SIGHTED_BYTES,
  type InboundLook,
  type PlaceRole,
  type SightedMail,
  type SoughtMail,
} from '../channel/inbound-look.ts'
import type {Instant} from '../clock.ts'
import type {ImapAccount, ImapConnectOptions, ImapConnection} from './connect.ts'
import {imapRefused} from './errors.ts'
import {fetchMetadata, fetchPiece, openMailbox} from './mailbox.ts'
import {imapSession} from './session.ts'

/** Mailboxes that are looked into at the end of a wait: people have some dozens. */
const MAX_MAILBOXES = 100

/** SEARCH SINCE goes by the day of the server's zone (RFC 9051 6.4.4), which is at most a day away. */
const DAY_MS = 24 * 60 * 60 * 1000

interface Place {
  readonly mailbox: string
  readonly role: PlaceRole
}

/** `since`: what was there before it is not looked at. Nothing is connected before the first look. */
export function imapLook(account: ImapAccount, since: Instant, options: ImapConnectOptions = {}): InboundLook {
  const session = imapSession(account, options)
  const given = new Set<string>()
  let junk: readonly Place[] | null = null
  const inbound: Place = {mailbox: account.mailbox, role: 'inbound'}

  const lookInto = async (place: Place, sought: readonly SoughtMail[]): Promise<SightedMail[]> => {
    const connection = await session.connect()
    const here = {...account, mailbox: place.mailbox}
    // EXAMINE: not even \Recent is taken from others (RFC 9051 6.3.3). Opening it again shows what is new.
    const {uidValidity, exists} = await openMailbox(connection, here, false)
    if (exists === 0) return []
    const fresh = (uid: number) => !given.has(`${place.mailbox} ${uidValidity} ${uid}`)
    const uids = (await searchFor(connection, here, sought, since)).filter(fresh).slice(-MAX_SIGHTED)
    if (uids.length === 0) return []
    const dates = await fetchMetadata(connection, uids)
    const sighted: SightedMail[] = []
    for (const uid of uids) {
      const piece = await fetchPiece(connection, uid, 0, SIGHTED_BYTES)
      // Moved away meanwhile, as by a sync: the store knows it then.
      if (piece === null || piece.bytes.length === 0) continue
      given.add(`${place.mailbox} ${uidValidity} ${uid}`)
      sighted.push({
        raw: piece.bytes.subarray(0, SIGHTED_BYTES),
        isWhole: piece.bytes.length < SIGHTED_BYTES,
        receivedAt: dates.get(uid)?.receivedAt?.toISOString() ?? null,
        place: place.mailbox,
        role: place.role,
      })
    }
    return sighted
  }
  const lookIntoAll = async (places: readonly Place[], sought: readonly SoughtMail[]) => {
    const sighted: SightedMail[] = []
    for (const place of places) sighted.push(...(await lookInto(place, sought)))
    return sighted
  }
  const mailboxes = async (): Promise<Place[]> => {
    const list = await (await session.connect()).command('listing mailboxes', (client) => client.list())
    return list.filter((entry) => isSelectable(entry) && entry.path !== account.mailbox).map(placeOf)
  }

  return {
    find: (sought, signal) =>
      session.during(signal, async () => {
        junk ??= (await mailboxes()).filter(({role}) => role === 'junk')
        return lookIntoAll([inbound, ...junk], sought)
      }),
    findAnywhere: (sought, signal) =>
      session.during(signal, async () =>
        lookIntoAll([inbound, ...(await mailboxes()).slice(0, MAX_MAILBOXES)], sought),
      ),
    close: () => session.close(),
  }
}

const isSelectable = ({flags}: ListResponse) => !flags.has('\\Noselect') && !flags.has('\\NonExistent')

/** RFC 6154 2 `\Junk`; where a server marks none, the library goes by the names that are usual. */
const placeOf = ({path, specialUse}: ListResponse): Place => ({
  mailbox: path,
  role: specialUse === '\\Junk' ? 'junk' : 'other',
})

/** UID SEARCH by what stands in the header; a report names what it returns in its body, and is looked for among reports alone. */
async function searchFor(
  connection: ImapConnection,
  account: ImapAccount,
  sought: readonly SoughtMail[],
  since: Instant,
): Promise<readonly number[]> {
  const query: SearchObject = {
    since: new Date(Date.parse(since) - DAY_MS),
    or: sought.flatMap(({field, word, messageId, subject}): SearchObject[] => [
      {header: {[field]: word}},
      {header: {'Message-ID': messageId}},
      {subject},
      {header: {'Content-Type': 'multipart/report'}, text: word},
    ]),
  }
  const uids = await connection.command('looking for a message', (client) => client.search(query, {uid: true}))
  if (!Array.isArray(uids)) throw imapRefused(account, 'looking for a message', connection.lastRefusal())
  return uids
}
