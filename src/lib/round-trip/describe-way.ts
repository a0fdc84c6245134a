/** What the header of a probe that came back tells of its way, as evidence: pure. Words of servers are shown as they are. */
import type {Evidence} from '../channel/stage.ts'
import type {Instant} from '../clock.ts'
import type {Field} from '../message/message.ts'
import {readHops} from '../message/received.ts'

/** Fields in which servers write for whom they took or forwarded a mail. */
const FORWARDING_FIELDS = [
  'delivered-to',
  'x-original-to',
  'envelope-to',
  'x-forwarded-to',
  'x-forwarded-for',
  'resent-to',
]

/** Values shown of one such field, and characters of each: enough for every forward that there is. */
const MAX_VALUES = 5
const MAX_VALUE_LENGTH = 320

/** The return path as a forwarder rewrites it to pass SPF (SRS, https://www.open-spf.org/SRS). */
const SRS = /^<?SRS[01][=+-]/i

/** Hops shown, the last ones. */
const MAX_HOPS_SHOWN = 20

export function describeWay(fields: readonly Field[], sentAt: Instant): Evidence {
  const values = (name: string) =>
    fields
      .filter((field) => field.name === name)
      .slice(0, MAX_VALUES)
      .map(({value}) => value.slice(0, MAX_VALUE_LENGTH))
  const [returnPath = null] = values('return-path')
  const hops = readHops(fields)
  const first = hops.find(({at}) => at !== null)
  return {
    forwarding: Object.fromEntries(
      FORWARDING_FIELDS.map((name) => [name, values(name)] as const).filter(([, all]) => all.length > 0),
    ),
    returnPath,
    srs: returnPath !== null && SRS.test(returnPath),
    hops: hops.slice(-MAX_HOPS_SHOWN).map((hop) => ({
      from: hop.from,
      by: hop.by,
      with: hop.with,
      at: hop.at,
      // Of the first hop since it was sent, by the clock of this machine.
      delaySeconds: secondsOf(hop === first && hop.at !== null ? Date.parse(hop.at) - Date.parse(sentAt) : hop.delayMs),
    })),
  }
}

const secondsOf = (ms: number | null): number | null => (ms === null ? null : Math.round(ms / 1000))
