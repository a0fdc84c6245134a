/** The relay of a portal: how the system's own mail leaves, such as the automatic replies of internal addresses. */
import type {ServerSettings} from './server-settings.ts'
import type {PortalRow} from './store/portals.ts'

/** An SMTP account, or an address of the portal that can send. Kept as JSON with the portal. */
export type Relay = ({readonly kind: 'smtp'} & ServerSettings) | {readonly kind: 'channel'; readonly channelId: number}

/** The relay of a portal; null where nothing was said. */
export const readRelay = ({relay}: Pick<PortalRow, 'relay'>): Relay | null =>
  relay === null ? null : (JSON.parse(relay) as Relay)
