/** What became of a mail that an agent has just sent, as a command tells it. */
import {cannotSendNow, EXIT, notAllSent, sentUnknown, type PostdeskError} from '../errors.ts'
import type {OutboxItem} from '../outbox.ts'

/** What a command says of it: an error to end with, or a remark; both null where all is well. */
export function toldSending(
  {id, recipients, nextAt}: OutboxItem,
  obstacle: PostdeskError | null,
  portal: string,
): {readonly error: PostdeskError | null; readonly remark: string | null} {
  const in_ = (state: string) => recipients.filter((recipient) => recipient.state === state)
  if (in_('failed').length > 0)
    return {error: notAllSent(in_('failed').length, portal, in_('failed')[0]!.reply), remark: null}
  if (in_('unknown').length > 0) return {error: sentUnknown(id, portal), remark: null}
  const waiting = [...in_('queued'), ...in_('sending')]
  if (waiting.length === 0) return {error: null, remark: null}
  // Repeating the command would send a second answer: it only fails where somebody has to act.
  if (obstacle !== null && !PASSES.has(obstacle.code) && obstacle.exitCode !== EXIT.tryAgain)
    return {error: cannotSendNow(obstacle, id, portal), remark: null}
  const why = obstacle === null ? waiting[0]!.reply : `${obstacle.title}: ${obstacle.why}`
  const when = nextAt === null ? '' : `; it is tried again from ${nextAt} on`
  return {
    error: null,
    remark: `It waits in the outbox as ${id}${when}${why ? ` (${why})` : ''}. Do not repeat the command.`,
  }
}

/** Obstacles that go away without anybody. */
const PASSES = new Set(['OUTBOX_BUSY'])
