/** Looks for mail that is waited for among the newest files of a Maildir and of the folders in it. Alters nothing. */
import {constants, open, readdir, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {
  MAX_SIGHTED,
  SIGHTED_BYTES,
  type InboundLook,
  type PlaceRole,
  type SightedMail,
  type SoughtMail,
} from '../channel/inbound-look.ts'
import type {Instant} from '../clock.ts'
import {codeOf, connectionFailed, EXIT, messageOf} from '../errors.ts'

/** Clocks of file servers and of this machine may differ by this much. */
const CLOCK_SKEW_MS = 2 * 60 * 1000

/** Names begin with the second of their delivery (https://cr.yp.to/proto/maildir.html), by any clock of the last days. */
const NAME_SKEW_S = 2 * 24 * 60 * 60

/** Files read of a place in one look, the newest ones: a busy portal gets a hundred mails in the minutes of a wait. */
const MAX_FILES = 500

/** Folders looked into. */
const MAX_FOLDERS = 100

/** NONBLOCK: a FIFO in the place of a message must not hold us up. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK

interface Place {
  /** As people call it: `INBOX`, or the name of a folder. */
  readonly name: string
  readonly path: string
  readonly role: PlaceRole
}

/** The Maildir at `path`, and what came into it since then. */
export function maildirLook(path: string, since: Instant): InboundLook {
  /** What was read before, or is too old: base names, which stay when flags change. */
  const known = new Set<string>()
  const inbound: Place = {name: 'INBOX', path, role: 'inbound'}

  const lookInto = async (place: Place, sought: readonly SoughtMail[], signal: AbortSignal) => {
    const sighted: SightedMail[] = []
    for (const {file, base, arrived} of await freshFiles(place, since, known)) {
      signal.throwIfAborted()
      known.add(base)
      const raw = await headOf(file)
      if (raw === null || !sought.some((mail) => stands(mail, raw)) || sighted.length >= MAX_SIGHTED) continue
      sighted.push({
        raw,
        isWhole: raw.length < SIGHTED_BYTES,
        receivedAt: arrived.toISOString(),
        place: place.name,
        role: place.role,
      })
    }
    return sighted
  }
  const lookIntoAll = async (places: readonly Place[], sought: readonly SoughtMail[], signal: AbortSignal) => {
    const sighted: SightedMail[] = []
    for (const place of places) sighted.push(...(await lookInto(place, sought, signal)))
    return sighted
  }

  return {
    async find(sought, signal) {
      const junk = (await folders(path)).filter(({role}) => role === 'junk')
      return lookIntoAll([inbound, ...junk], sought, signal)
    },
    findAnywhere: async (sought, signal) => lookIntoAll([inbound, ...(await folders(path))], sought, signal),
    close() {},
  }
}

const stands = ({word, messageId, subject}: SoughtMail, raw: Buffer) =>
  raw.includes(word) || raw.includes(messageId) || raw.includes(subject)

/** Maildir++: a folder is a Maildir within, whose name begins with a dot. */
async function folders(path: string): Promise<Place[]> {
  const names = await readdir(path).catch(unreadable(path))
  return names
    .filter((name) => /^\.[^.]/.test(name))
    .slice(0, MAX_FOLDERS)
    .map((name) => ({
      name: name.slice(1),
      path: join(path, name),
      role: /^\.(?:INBOX\.)?(?:junk|spam)(?:[ .-]|$)/i.test(name) ? 'junk' : 'other',
    }))
}

interface Fresh {
  readonly file: string
  readonly base: string
  readonly arrived: Date
}

/** The newest files that came since then and are not known yet, oldest first. */
async function freshFiles({path, role}: Place, since: Instant, known: Set<string>): Promise<Fresh[]> {
  const oldest = Date.parse(since) - CLOCK_SKEW_MS
  const fresh: Fresh[] = []
  for (const directory of ['new', 'cur'].map((name) => join(path, name))) {
    // What begins with a dot and is no Maildir has neither.
    const names = await readdir(directory).catch(role === 'inbound' ? unreadable(directory) : () => [])
    for (const name of names) {
      const base = name.split(':', 1)[0]!
      if (name.startsWith('.') || known.has(base)) continue
      const file = join(directory, name)
      // Renamed or removed since it was listed: the next look finds it where it is.
      const found = isNamedBefore(name, oldest) ? OLD : await stat(file).catch(() => null)
      if (found === null) continue
      if (found.mtimeMs < oldest || !found.isFile()) known.add(base)
      else fresh.push({file, base, arrived: found.mtime})
    }
  }
  return fresh.toSorted((a, b) => a.arrived.getTime() - b.arrived.getTime()).slice(-MAX_FILES)
}

/** What need not be asked about: a Maildir of a hundred thousand files is looked through every few seconds. */
const OLD = {mtimeMs: 0, mtime: new Date(0), isFile: () => true}

const isNamedBefore = (name: string, oldest: number): boolean => {
  const [second] = /^\d+/.exec(name) ?? []
  return second !== undefined && Number(second) < oldest / 1000 - NAME_SKEW_S
}

/** The first bytes of a file; null where it is gone, or may not be read. */
async function headOf(file: string): Promise<Buffer | null> {
  try {
    const handle = await open(file, READ)
    try {
      const {buffer, bytesRead} = await handle.read(Buffer.alloc(SIGHTED_BYTES), 0, SIGHTED_BYTES, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EPERM'].includes(codeOf(error))) return null
    throw error
  }
}

const unreadable =
  (path: string) =>
  (error: unknown): never => {
    throw connectionFailed({
      code: 'MAILDIR_UNREADABLE',
      exitCode: EXIT.config,
      title: `The Maildir ${path} cannot be read`,
      why: messageOf(error),
      fixes: [{text: 'Let the user who runs postdesk read it.'}],
    })
  }
