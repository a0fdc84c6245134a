/**
 * What somebody should look at: a message of a third party, an open ticket of nobody, an answer that came back.
 */
export const TICKET_FLAGS = ['third-party', 'unowned', 'bounced'] as const
export type TicketFlag = (typeof TICKET_FLAGS)[number]
