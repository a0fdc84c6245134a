/** The pictures that the HTML of a conversation shows: parts of the same mails, found by their Content-ID (RFC 2392). */
import {readAttachment} from './attachment-bytes.ts'
import type {Conversation} from './conversation.ts'
import {PostdeskError} from './errors.ts'
import type {Store} from './store/open.ts'
import type {PortalRow} from './store/portals.ts'
import {listAttachments, listMessages} from './store/tickets.ts'
import {requireTicket} from './ticket-summary.ts'

/** By the id of the message, then by Content-ID in lower case. */
export type Pictures = ReadonlyMap<number, ReadonlyMap<string, Uint8Array>>

/** Bytes of pictures read for one conversation: a browser holds them all at once. What is beyond stays an attachment. */
const MAX_PICTURE_BYTES = 10_000_000

/** Reads them, oldest message first. A damaged one does not hide the others: `problems` names it. */
export async function readPictures(
  {db}: Store,
  portal: PortalRow,
  conversation: Conversation,
): Promise<{pictures: Pictures; problems: string[]}> {
  const ticket = await requireTicket(db, portal, conversation.number)
  const rawIds = new Map((await listMessages(db, ticket)).map(({id, raw_id: rawId}) => [id, rawId]))
  const parts = Map.groupBy(await listAttachments(db, ticket), (row) => row.message_id)
  const pictures = new Map<number, ReadonlyMap<string, Uint8Array>>()
  const problems: string[] = []
  let room = MAX_PICTURE_BYTES
  for (const {id, html} of conversation.messages) {
    const rawId = rawIds.get(id)
    if (rawId == null || html === null || !/cid:/i.test(html)) continue
    const ofMessage = new Map<string, Uint8Array>()
    pictures.set(id, ofMessage)
    for (const row of parts.get(id) ?? []) {
      if (row.content_id === null || row.size > room) continue
      try {
        const pieces: Uint8Array[] = []
        for await (const piece of readAttachment(db, rawId, row)) pieces.push(piece)
        const bytes = Buffer.concat(pieces)
        ofMessage.set(row.content_id.toLowerCase(), bytes)
        room -= bytes.length
      } catch (error) {
        if (!(error instanceof PostdeskError)) throw error
        problems.push(`${error.title}: ${error.why}`)
      }
    }
  }
  return {pictures, problems}
}
