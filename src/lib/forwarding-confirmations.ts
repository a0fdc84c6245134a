/** Mails in which a provider asks to confirm a forward to the portal, as they wait in the quarantine. */
import type {Fix} from './errors.ts'
import type {Finding} from './finding.ts'
import type {Store} from './store/open.ts'
import type {PortalRow} from './store/portals.ts'
import {listQuarantine} from './store/quarantine.ts'

/** One that waits. */
export interface WaitingConfirmation {
  /** Its id in the quarantine. */
  readonly id: number
  /** The current address of the internal channel that mail is to be forwarded to; null where that was removed. */
  readonly target: string | null
  /** Who asks, for whose mail, with the code and the link, and whether its sender is proven. */
  readonly asks: string
  readonly receivedAt: string
}

/** Those that are told one by one: an admin sets up a few forwards at once. More are somebody's nuisance, and the list has them. */
const TOLD = 5

/** The newest first. */
export async function listConfirmations({db, dialect}: Store, portal: PortalRow): Promise<WaitingConfirmation[]> {
  const rows = await listQuarantine(db, dialect, portal.id, {reasons: ['forwarding-confirmation']}, {limit: TOLD})
  return rows.map((row) => ({
    id: row.id,
    target: row.channel_address,
    asks: row.detail,
    receivedAt: row.received_at,
  }))
}

export async function confirmationFindings(store: Store, portal: PortalRow): Promise<Finding[]> {
  return (await listConfirmations(store, portal)).map(({id, asks, receivedAt}) => ({
    code: 'FORWARDING_CONFIRMATION',
    text: `Nothing is forwarded before it is confirmed: at ${receivedAt} ${asks}.`,
    fixes: confirmationFixes(id, portal.key),
    failOn: null,
  }))
}

/** What is done about one. */
export const confirmationFixes = (id: number, portalKey: string): Fix[] => [
  {
    text: 'If somebody here has set this forward up: open the link in a browser and confirm there, or enter the code where it was set up.',
  },
  {
    text: 'Then, or if nobody has asked for it:',
    command: `postdesk quarantine drop ${id} --portal ${portalKey}`,
  },
  {
    text: 'If it is a mail for somebody all the same, make a ticket of it:',
    command: `postdesk quarantine retry ${id} --portal ${portalKey}`,
  },
]
