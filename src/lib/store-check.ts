/** Whether what a store holds is whole: the database itself, and every raw mail against its hash. */
import {createHash} from 'node:crypto'
import {messageOf, PostdeskError, schemaTooOld} from './errors.ts'
import {decompressChunk} from './message/raw-chunks.ts'
import {
  brokenSequences,
  countRaw,
  damagesOfFile,
  danglingReferences,
  messagesWithoutRaw,
  rawMailsAfter,
  sampleRawMails,
  usesOfRaw,
  type RawCounts,
  type RawFacts,
} from './store/inspect.ts'
import {displayLocation, type StoreLocation} from './store/location.ts'
import {readVersion, refuseNewer} from './store/migrate.ts'
import {SCHEMA_VERSION} from './store/migrations/index.ts'
import {explainStoreError, openStore, type Store} from './store/open.ts'
import {listPortals} from './store/portals.ts'
import {readRaw, sweepRaw} from './store/raw.ts'

/** What is looked at, in this order. The first two are the database's own checks, which PostgreSQL does all the time. */
export type CheckId = 'integrity' | 'references' | 'messages' | 'sequences' | 'content'

/** Something that is damaged. */
export interface Damage {
  readonly check: CheckId
  /** Null where it is not of one portal. */
  readonly portal: string | null
  /** The tickets that it is seen in. */
  readonly tickets: readonly number[]
  readonly text: string
}

export interface CheckReport {
  readonly store: string
  readonly checks: readonly {
    readonly id: CheckId
    /** How many things were looked at; null where the database does not say. */
    readonly checked: number | null
    readonly damaged: number
  }[]
  /** The first of what is damaged. */
  readonly damage: readonly Damage[]
  readonly raw: RawCounts
  /** True where the content of every raw mail was compared with its hash, false for a sample. */
  readonly full: boolean
  /** Unfinished mails of dead writers that were removed. */
  readonly swept: number
}

export interface CheckOptions {
  readonly full: boolean
  /** Removes what writers that died have left; nothing refers to it. */
  readonly repair: boolean
  readonly onProgress?: (checked: number, total: number, bytes: number) => void
}

/** Raw mails of which the content is compared where not all are: a second of work. */
const SAMPLE = 200
/** Raw mails that are looked up at once. */
const PAGE = 500
/** Damages that are told one by one; the rest are counted. */
const TOLD = 50

/**
 * Looks through a store.
 * @throws 69 where it cannot be read at all, 78 where its schema is another one than this program's.
 */
export async function checkStore(location: StoreLocation, options: CheckOptions): Promise<CheckReport> {
  let store: Store
  try {
    store = await openStore(location, {schema: 'any', create: false})
  } catch (error) {
    if (!(error instanceof PostdeskError) || error.code !== 'STORE_DAMAGED') throw error
    return reportOfFile(displayLocation(location), [error.why], options)
  }
  try {
    return await lookThrough(store, options)
  } catch (error) {
    throw explainStoreError(error, store)
  } finally {
    await store.close()
  }
}

/** The report on a file that SQLite itself finds damaged: what is read from it says nothing of what it holds. */
const reportOfFile = (store: string, damages: readonly string[], {full}: CheckOptions): CheckReport => ({
  store,
  checks: [{id: 'integrity', checked: null, damaged: damages.length}],
  damage: damages.slice(0, TOLD).map((text) => ({check: 'integrity', portal: null, tickets: [], text})),
  raw: {finished: 0, unfinished: 0, unused: 0},
  full,
  swept: 0,
})

async function lookThrough(store: Store, options: CheckOptions): Promise<CheckReport> {
  const {db, dialect, where} = store
  const findings: Finding[] = []
  const checks: {id: CheckId; checked: number | null; damaged: number}[] = []
  const add = (id: CheckId, checked: number | null, found: readonly Omit<Finding, 'check'>[]) => {
    checks.push({id, checked, damaged: found.length})
    findings.push(...found.map((finding) => ({...finding, check: id})))
  }
  const damages = await damagesOfFile(db, dialect, where)
  if (damages !== null) {
    if (damages.length > 0) return reportOfFile(where, damages, options)
    add('integrity', null, [])
  }
  const version = await readVersion(db, dialect)
  refuseNewer(version, where)
  if (version < SCHEMA_VERSION) throw schemaTooOld(where, version, SCHEMA_VERSION)
  const dangling = await danglingReferences(db, dialect)
  if (dangling !== null)
    add(
      'references',
      null,
      dangling.map((text) => ({text})),
    )
  let swept = 0
  const portals = await listPortals(db)
  if (options.repair) for (const portal of portals) swept += await sweepRaw(store, portal.id)
  const raw = await countRaw(db)
  const keys = new Map(portals.map(({id, key}) => [id, key]))
  const bare = await messagesWithoutRaw(db)
  add(
    'messages',
    null,
    bare.map(({portal_id, id, ticket}) => ({
      portal: keys.get(portal_id) ?? null,
      tickets: ticket === null ? [] : [ticket],
      text: `mail ${id} is gone`,
    })),
  )
  const broken = await brokenSequences(db)
  add(
    'sequences',
    raw.finished,
    broken.map((row) => ({
      raw: row,
      text: `${row.stored} of ${row.size} bytes of a mail are there, or they are not in one piece`,
    })),
  )
  const known = new Set(broken.map(({portal_id, id}) => `${portal_id}/${id}`))
  const {checked, damaged} = await compareContents(store, options, raw.finished)
  add(
    'content',
    checked,
    damaged.filter(({raw}) => !known.has(`${raw.portal_id}/${raw.id}`)),
  )
  const damage: Damage[] = []
  for (const {check, portal, tickets, text, raw: broken} of findings.slice(0, TOLD)) {
    const uses = broken ? await usesOfRaw(db, broken) : null
    const quarantined = uses && uses.quarantined.length > 0 ? ` (quarantined mail ${uses.quarantined.join(', ')})` : ''
    damage.push({
      check,
      portal: broken ? (keys.get(broken.portal_id) ?? null) : (portal ?? null),
      tickets: uses?.tickets ?? tickets ?? [],
      text: text + quarantined,
    })
  }
  return {store: where, checks, damage, raw, full: options.full, swept}
}

/** A damage before what it touches was looked up. */
interface Finding {
  readonly check: CheckId
  readonly portal?: string | null
  readonly tickets?: readonly number[]
  readonly raw?: Pick<RawFacts, 'portal_id' | 'id'>
  readonly text: string
}

async function compareContents(
  store: Store,
  {full, onProgress}: CheckOptions,
  total: number,
): Promise<{checked: number; damaged: {raw: RawFacts; text: string}[]}> {
  const damaged: {raw: RawFacts; text: string}[] = []
  let [checked, bytes] = [0, 0]
  for await (const raw of full ? allRawMails(store) : await sampleRawMails(store.db, SAMPLE)) {
    const wrong = await compareContent(store, raw)
    if (wrong !== null) damaged.push({raw, text: wrong})
    checked++
    bytes += raw.size
    onProgress?.(checked, full ? total : Math.min(total, SAMPLE), bytes)
  }
  return {checked, damaged}
}

async function* allRawMails({db}: Store): AsyncGenerator<RawFacts> {
  for (const portal of await listPortals(db)) {
    let last = 0
    for (;;) {
      const page = await rawMailsAfter(db, portal.id, last, PAGE)
      yield* page
      if (page.length < PAGE) break
      last = page.at(-1)!.id
    }
  }
}

/** What is wrong with a raw mail; null for nothing. */
async function compareContent({db}: Store, raw: RawFacts): Promise<string | null> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of readRaw(db, raw.portal_id, raw.id)) {
    let bytes: Uint8Array
    try {
      bytes = decompressChunk(chunk)
    } catch (error) {
      return `a piece of a mail cannot be read: ${messageOf(error)}`
    }
    hash.update(bytes)
    size += bytes.length
  }
  if (size !== raw.size) return `${size} of ${raw.size} bytes of a mail are there`
  return hash.digest('hex') === raw.sha256 ? null : 'the bytes of a mail are not those that came'
}
