/** Mail of the outbox as a person reads it: a line a recipient. */
import type {OutboxItem} from '../outbox/items.ts'
import type {FlushSummary} from '../outbox/send-outbox.ts'
import {localTime} from './local-time.ts'
import type {Style} from './style.ts'
import {renderTable} from './table.ts'

export function renderOutbox(items: readonly OutboxItem[], timezone: string, style: Style): string {
  const time = localTime(timezone)
  return renderTable(
    items.flatMap((item) => item.recipients.map((recipient) => ({item, recipient}))),
    [
      {title: 'ID', value: ({item}) => item.id, right: true},
      {title: 'TICKET', value: ({item}) => item.ticket, right: true},
      {title: 'BY', value: ({item}) => item.by, shrinks: true, from: 80},
      {title: 'TO', value: ({recipient}) => recipient.address, shrinks: true},
      {title: 'STATE', value: ({recipient}) => recipient.state},
      {title: 'TRIES', value: ({item}) => item.attempts, right: true, from: 90},
      {title: 'NEXT', value: ({item}) => (item.nextAt === null ? null : time(item.nextAt)), from: 100},
      {
        title: 'REPLY',
        value: ({item, recipient}) => recipient.reply ?? item.obstacle?.title ?? null,
        shrinks: true,
        from: 60,
      },
    ],
    style,
  )
}

/** `3 sent, 1 refused for now.` */
export function describeSent({
  sent,
  failed,
  queued,
  unknown,
}: Pick<FlushSummary, 'sent' | 'failed' | 'queued' | 'unknown'>): string {
  const words = [
    [sent, 'sent'],
    [queued, 'refused for now'],
    [failed, 'not sent'],
    [unknown, 'unknown'],
  ] as const
  const told = words.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
  return told.length === 0 ? 'Nothing is due.' : `${told.join(', ')}.`
}
