import {hash} from 'node:crypto'
import type {Field} from './message.ts'

/** The field in which our mail says which portal of which store sent it. */
const FIELD = 'x-postdesk-instance'

/** Characters of a mark: 64 bits tell the portals of this world apart, and nothing about a store can be read from them. */
const MARK_LENGTH = 16

/** What a portal marks its mail with. */
export const loopMark = (storeId: string, portalId: number): string =>
  hash('sha256', `loop ${storeId} ${portalId}`, 'hex').slice(0, MARK_LENGTH)

/** The field by which a mail says that this portal sent it; null where none does. */
export const loopMarkIn = (fields: readonly Field[], mark: string): string | null =>
  fields.find(({name, value}) => (name === FIELD || name === 'x-loop') && value.trim().toLowerCase() === mark)?.name ??
  null
