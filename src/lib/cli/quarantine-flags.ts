/** How commands say which quarantined mails are meant: some by their ids, or all that flags are true of. */
import {Args, Flags} from '@oclif/core'
import {usage} from '../errors.ts'
import {QUARANTINE_REASONS, type QuarantineReason} from '../intake/facts.ts'
import type {QuarantineRequest} from '../quarantine-selection.ts'
import {parseNumber} from './ticket-number.ts'

export const quarantineIds = {
  id: Args.string({name: 'ID', description: 'As in the list; several may follow.', multiple: true, ignoreStdin: true}),
}

export const reasonFlag = {
  reason: Flags.option({summary: 'Those that wait for this reason.', options: QUARANTINE_REASONS})(),
}

export const channelFlag = {
  channel: Flags.string({helpValue: 'ADDRESS', summary: 'Those that wait for this address.'}),
}

/** Days of a hundred years: before that there is no mail. */
const MOST_DAYS = 36_500

export const olderThanFlag = {
  'older-than': Flags.integer({
    helpValue: 'DAYS',
    summary: 'Those that were quarantined longer ago than so many days.',
    min: 0,
    max: MOST_DAYS,
  }),
}

export const purgedFlag = {
  purged: Flags.boolean({summary: 'Those that were purged, and not those that wait.'}),
}

export const allFlag = {all: Flags.boolean({summary: 'All that wait.', exclusive: ['reason', 'channel']})}

interface SelectionFlags {
  readonly reason?: QuarantineReason | undefined
  readonly channel?: string | undefined
  readonly 'older-than'?: number | undefined
  readonly purged?: boolean | undefined
  readonly all?: boolean | undefined
}

/**
 * What the command line of a change asks for; null where it says neither ids nor what is true of the mails, since
 * `--older-than` alone says too little. @throws 64 for ids and flags at once.
 */
export function quarantineRequest(ids: readonly string[] | undefined, flags: SelectionFlags): QuarantineRequest | null {
  const request = requestOf(flags)
  if (ids !== undefined && ids.length > 0) {
    if (flags.all || Object.keys(request).length > 0)
      throw usage('mails are named by their ids, or by what is true of them, not by both at once')
    return {ids: ids.map((word) => parseNumber('ID', word))}
  }
  const {reason, channel, purged} = request
  return flags.all || reason !== undefined || channel !== undefined || purged ? request : null
}

/** What the flags say by themselves. */
export function requestOf({reason, channel, purged, 'older-than': olderThanDays}: SelectionFlags): QuarantineRequest {
  return {
    ...(reason === undefined ? {} : {reason}),
    ...(channel === undefined ? {} : {channel}),
    ...(olderThanDays === undefined ? {} : {olderThanDays}),
    ...(purged ? {purged} : {}),
  }
}
