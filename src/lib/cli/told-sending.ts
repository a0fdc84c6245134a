/** What became of a mail that an agent has just sent, as a command tells it. */
import {cannotSendNow, HELD_ON_PURPOSE, notAllSent, sentUnknown, type PostdeskError} from '../errors.ts'
import type {SentNow} from '../outbox/send-now.ts'

/**
 * What a command says of it: an error to end with, or a remark; both null where all is well. Who repeats the command sends a
 * second answer, so what leaves by itself later is no failure of it.
 */
export function toldSending(
  {item, obstacle, paused}: SentNow,
  portal: string,
): {readonly error: PostdeskError | null; readonly remark: string | null} {
  const {id, recipients, nextAt} = item
  const thoseWho = (state: string) => recipients.filter((recipient) => recipient.state === state)
  const failed = thoseWho('failed')
  if (failed.length > 0) return {error: notAllSent(failed.length, portal, failed[0]!.reply, id), remark: null}
  if (thoseWho('unknown').length > 0) return {error: sentUnknown(id, portal), remark: null}
  const waiting = [...thoseWho('queued'), ...thoseWho('sending')]
  if (waiting.length === 0) return {error: null, remark: null}
  if (obstacle !== null && paused && !HELD_ON_PURPOSE.has(obstacle.code))
    return {error: cannotSendNow(obstacle, id, portal), remark: null}
  const why = obstacle === null ? waiting[0]!.reply : `${obstacle.title}: ${obstacle.why}`
  const when = nextAt === null ? '' : ` and is tried again from ${nextAt} on`
  return {
    error: null,
    remark: `It waits in the outbox as ${id}${when}${why ? ` (${why})` : ''}; do not write it again`,
  }
}
