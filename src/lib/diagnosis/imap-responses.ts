/** Reads the untagged responses of IMAP that a diagnosis asks for (RFC 9051 7). Pure; what is in no known form is left out. */
import {decodeMailboxName} from './mailbox-name.ts'

/** What a server says of a mailbox when it opens it. What it does not say is null. */
export interface OpenedMailbox {
  readonly exists: number | null
  readonly recent: number | null
  /** Null also for 0, which RFC 9051 9 forbids and servers send. */
  readonly uidValidity: number | null
  readonly uidNext: number | null
  /** Flags that may be changed for good; of a mailbox that is only looked at often none. */
  readonly permanentFlags: readonly string[] | null
}

export function readOpened(untagged: readonly string[]): OpenedMailbox {
  const first = (pattern: RegExp): string | null => {
    for (const response of untagged) {
      const found = pattern.exec(response)?.[1]
      if (found !== undefined) return found
    }
    return null
  }
  const number = (pattern: RegExp): number | null => {
    const digits = first(pattern)
    return digits === null ? null : Number(digits)
  }
  const flags = first(/^OK \[PERMANENTFLAGS \(([^)]*)\)\]/i)
  return {
    exists: number(/^(\d{1,10}) EXISTS$/i),
    recent: number(/^(\d{1,10}) RECENT$/i),
    uidValidity: number(/^OK \[UIDVALIDITY (\d{1,10})\]/i) || null,
    uidNext: number(/^OK \[UIDNEXT (\d{1,10})\]/i),
    permanentFlags: flags?.split(' ').filter((flag) => flag !== '') ?? null,
  }
}

/** The names in the answers to LIST, as people write them. */
export function readMailboxNames(untagged: readonly string[]): readonly string[] {
  return untagged.flatMap((response) => {
    const [, name] = /^LIST \([^)]*\) (?:NIL|"(?:[^"\\]|\\.)*") (.+)$/is.exec(response) ?? []
    return name === undefined ? [] : [decodeMailboxName(unquoted(name))]
  })
}

export interface Quota {
  /** In units of 1,024 bytes (RFC 9208 5.1). */
  readonly used: number
  readonly limit: number
}

/** The quota of storage that is nearest to its end; null where none is told. */
export function readStorageQuota(untagged: readonly string[]): Quota | null {
  const quotas = untagged.flatMap((response) => {
    const [, used, limit] = /^QUOTA .*\bSTORAGE (\d{1,15}) (\d{1,15})/i.exec(response) ?? []
    return Number(limit) > 0 ? [{used: Number(used), limit: Number(limit)}] : []
  })
  return quotas.toSorted((a, b) => b.used / b.limit - a.used / a.limit)[0] ?? null
}

/** What is told of one message. */
export interface SeenMessage {
  readonly uid: number | null
  /** In bytes; null where the server does not say. */
  readonly size: number | null
  /** When it came in, as the server writes it. */
  readonly received: string | null
}

/** A FETCH with a part of a header; null where there is none. */
export function readSeenMessage(untagged: readonly string[]): SeenMessage | null {
  const row = untagged.find((response) => /^\d{1,10} FETCH \(.*\bBODY\[HEADER/is.test(response))
  if (row === undefined) return null
  // What stands in the header must not be taken for what the server says of it.
  const said = row.replace(/"(?:[^"\\]|\\.)*"/gs, (text) => (/[\r\n]/.test(text) ? '""' : text))
  const number = (pattern: RegExp): number | null => {
    const digits = pattern.exec(said)?.[1]
    return digits === undefined ? null : Number(digits)
  }
  return {
    uid: number(/\bUID (\d{1,10})\b/i),
    size: number(/\bRFC822\.SIZE (\d{1,15})\b/i),
    received: /\bINTERNALDATE "([^"]{1,40})"/i.exec(said)?.[1] ?? null,
  }
}

const unquoted = (text: string) => (text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/gs, '$1') : text)
