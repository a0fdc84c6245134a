/** A look into the inbound of a portal, as this machine can: beside whatever syncs it, and without its lease. */
import {accountPassword, INBOUND} from '../account-password.ts'
import type {InboundLook} from '../channel/inbound-look.ts'
import type {Instant} from '../clock.ts'
import {secretUnresolved} from '../errors.ts'
import type {InboundConfig} from '../inbound.ts'
import type {Log} from '../log.ts'
import type {SecretSources} from '../secret/resolve-secret.ts'
import type {Store} from '../store/open.ts'
import type {PortalRow} from '../store/portals.ts'

export interface LookContext {
  readonly store: Store
  readonly portal: PortalRow
  readonly secrets: SecretSources
  readonly log: Log
}

/** `since`: what came before it is not looked at. @throws 78 where this machine has no password for it. */
export async function openLook(
  config: InboundConfig,
  since: Instant,
  {store, portal, secrets, log}: LookContext,
): Promise<InboundLook> {
  if (config.kind === 'maildir') return (await import('../maildir/look.ts')).maildirLook(config.path, since)
  const {host, port, security, user, mailbox} = config
  const password = await accountPassword({store, portal, secrets})(INBOUND, {host, port, security, user})
  if (password === null) throw secretUnresolved('inbound/password', 'the mailbox needs a password')
  const {imapLook} = await import('../imap/look.ts')
  return imapLook(
    // An inbound with `none` elsewhere than on this machine was set by saying so.
    {host, port, security, user, mailbox, password, allowCleartext: security === 'none'},
    since,
    {log, deadlines: IMPATIENT},
  )
}

/** A person waits, and looks again in a few seconds. */
const IMPATIENT = {connectMs: 15_000, commandMs: 30_000}
