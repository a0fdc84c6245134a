/** The flags of `portal add` and `portal update` as the fields of a portal. */
import type {PortalFields} from '../store/portals.ts'

export interface PortalFlagValues {
  readonly domain?: string | undefined
  readonly name?: string | undefined
  readonly timezone?: string | undefined
  readonly locale?: string | undefined
  readonly 'max-message-size'?: number | undefined
}

/** Only what was given. */
export function portalFieldsOf(flags: PortalFlagValues): Partial<Omit<PortalFields, 'key'>> {
  const {domain, name, timezone, locale, 'max-message-size': size} = flags
  return {
    ...(domain === undefined ? {} : {domain}),
    ...(name === undefined ? {} : {name}),
    ...(timezone === undefined ? {} : {timezone}),
    ...(locale === undefined ? {} : {locale}),
    ...(size === undefined ? {} : {max_message_size: size}),
  }
}
