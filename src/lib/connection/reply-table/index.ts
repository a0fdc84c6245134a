/**
 * What the replies of servers mean: the whole table, a file for each family of those who say them. `docs/replies.md` tells
 * how it is read and how a row is added.
 */
import {ANY_SERVER_ROWS} from './any-server.ts'
import {GOOGLE_ROWS} from './google.ts'
import {MAILBOX_ROWS} from './mailboxes.ts'
import {MICROSOFT_ROWS} from './microsoft.ts'
import type {ReplyRow} from './row.ts'
import {SENDING_SERVICE_ROWS} from './sending-services.ts'
import {SERVER_SOFTWARE_ROWS} from './server-software.ts'
import {TOKEN_ROWS} from './tokens.ts'

export {REPLY_CLASSES} from './classes.ts'
export {REPLY_PROVIDERS, type ReplyProvider} from './providers.ts'
export type {ReplyMatch, ReplyProtocol, ReplyRow, ReplyStep} from './row.ts'

/** In the order in which they are tried: what only one provider says comes before what software and any server say. */
export const REPLY_ROWS: readonly ReplyRow[] = [
  ...GOOGLE_ROWS,
  ...MICROSOFT_ROWS,
  ...MAILBOX_ROWS,
  ...SENDING_SERVICE_ROWS,
  ...TOKEN_ROWS,
  ...SERVER_SOFTWARE_ROWS,
  ...ANY_SERVER_ROWS,
]
