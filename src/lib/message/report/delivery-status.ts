import type {Field, ReportAction} from '../message.ts'
import {oneLine, readFieldGroups} from './field-groups.ts'
import {MAX_DIAGNOSTIC_CHARS, MAX_RECIPIENTS} from './limits.ts'
import {isGlobal, readTypedAddress} from './report-address.ts'
import {findStatus} from './smtp-reply.ts'

/** What a delivery status says of one recipient, before its reason is looked for. */
export interface RecipientStatus {
  /** Final-Recipient, or another field that names an address; null where none does. */
  readonly recipient: string | null
  /** Original-Recipient, the address as the sender wrote it; null where it is missing or no address. */
  readonly original: string | null
  /** Null where the field is missing or says something else than RFC 3464 2.3.3 allows. */
  readonly action: ReportAction | null
  readonly status: string | null
  /** Diagnostic-Code without its type, on one line. */
  readonly diagnostic: string
}

/**
 * Reads a delivery status (RFC 3464 2, RFC 6533 3): one group of fields about the mail, then one for each recipient.
 * Servers leave out the empty line between two recipients, or put one within a recipient; a new one begins with a field
 * that the one before it has already, or with a group that names an address.
 */
export function readDeliveryStatus(text: string): readonly RecipientStatus[] {
  const records: Field[][] = []
  let record: Field[] = []
  const has = (name: string) => record.some((field) => field.name === name)
  for (const group of readFieldGroups(text)) {
    if (group.some(({name}) => RECIPIENT_FIELDS.has(name)) && record.some(({name}) => RECIPIENT_FIELDS.has(name))) {
      records.push(record)
      record = []
    }
    for (const field of group) {
      if (REPEATED_STARTS_NEW.has(field.name) && has(field.name)) {
        records.push(record)
        record = []
        if (records.length >= MAX_RECIPIENTS) return records.flatMap(statusOf)
      }
      if (READ_FIELDS.has(field.name)) record.push(field)
    }
    if (records.length >= MAX_RECIPIENTS) return records.flatMap(statusOf)
  }
  return [...records, record].flatMap(statusOf)
}

/** Fields that name a recipient (RFC 3464 2.3.1, 2.3.2); the last is what Sendmail adds for what it expanded to. */
const RECIPIENT_FIELDS: ReadonlySet<string> = new Set(['final-recipient', 'original-recipient'])

const REPEATED_STARTS_NEW: ReadonlySet<string> = new Set(['final-recipient', 'original-recipient', 'action', 'status'])

/** What is read of a record. Anything else is not kept, so that a record stays small. */
const READ_FIELDS: ReadonlySet<string> = new Set([
  ...RECIPIENT_FIELDS,
  // Sendmail's address after aliases: (sendmail/savemail.c, errbody).
  'x-actual-recipient',
  'action',
  'status',
  'diagnostic-code',
])

function statusOf(fields: readonly Field[]): readonly RecipientStatus[] {
  const value = (name: string) => fields.find((field) => field.name === name)?.value ?? ''
  const final = readTypedAddress(value('final-recipient'))
  const original = readTypedAddress(value('original-recipient'))
  const actual = readTypedAddress(value('x-actual-recipient'))
  // The group about the mail itself has neither.
  if (!fields.some(({name}) => name !== 'diagnostic-code')) return []
  // A name of an internal host says less than what the sender wrote.
  const recipient = [final, original, actual].find((address) => address !== null && isGlobal(address))
  const diagnostics = fields.filter(({name}) => name === 'diagnostic-code').map((field) => untyped(field.value))
  return [
    {
      recipient: recipient ?? final ?? original ?? actual,
      original,
      action: readAction(value('action')),
      status: findStatus(value('status')),
      diagnostic: oneLine(diagnostics.join(' ')).slice(0, MAX_DIAGNOSTIC_CHARS),
    },
  ]
}

/** RFC 3464 2.3.6: `smtp; 550 …`. Servers leave out the type. */
function untyped(value: string): string {
  return value.replace(/^[A-Za-z][A-Za-z0-9-]{0,30}[ \t]*;[ \t]*/, '')
}

/** RFC 3464 2.3.3, by the beginning of the word: `failure`, `error`, `fail (no such user)` are seen. */
export function readAction(value: string): ReportAction | null {
  const word = value.trim().toLowerCase()
  return ACTIONS.find(([start]) => word.startsWith(start))?.[1] ?? null
}

const ACTIONS: readonly (readonly [string, ReportAction])[] = [
  ['fail', 'failed'],
  ['error', 'failed'],
  ['delay', 'delayed'],
  ['deliver', 'delivered'],
  ['relay', 'relayed'],
  ['expand', 'expanded'],
]
