/** The one switch on the kind of a source; each protocol is loaded only where it is used. */
import type {Source, Timings} from './channel/delivery.ts'
import type {Sender} from './channel/outgoing.ts'
import {secretUnresolved} from './errors.ts'
import type {InboundConfig} from './inbound.ts'
import type {Log} from './log.ts'
import type {Secret} from './secret/secret.ts'
import type {SmtpAccount} from './smtp/account.ts'

export interface SourceOptions {
  /** Bytes; of a larger message only the header is fetched. */
  readonly sizeLimit: number
  readonly log: Log
  /** Where the time spent fetching is added. */
  readonly timings: Timings
  /** Milliseconds that an IMAP server may be silent; the usual deadlines where it is left out. */
  readonly silenceMs?: number
}

/** The source that an inbound describes. `password` is null for those that need none. */
export async function openSource(
  config: InboundConfig,
  password: Secret | null,
  options: SourceOptions,
): Promise<Source> {
  switch (config.kind) {
    case 'imap': {
      if (password === null) throw secretUnresolved('inbound/password', 'the mailbox needs a password')
      const {imapSource} = await import('./imap/source.ts')
      const {host, port, security, user, mailbox, markSeen, moveTo} = config
      const {silenceMs, ...others} = options
      return imapSource(
        // An inbound with `none` elsewhere than on this machine was set by saying so.
        {host, port, security, user, mailbox, password, allowCleartext: security === 'none'},
        {
          ...others,
          markSeen,
          ...(moveTo === null ? {} : {moveTo}),
          ...(silenceMs === undefined ? {} : {deadlines: {connectMs: silenceMs, commandMs: silenceMs}}),
        },
      )
    }
    case 'maildir': {
      const {maildirSource} = await import('./maildir/source.ts')
      return maildirSource({path: config.path, markSeen: config.markSeen, ...options})
    }
  }
}

/** A server that takes mail, and who we are to it; null where it takes ours without a login. */
export type SenderServer = Pick<SmtpAccount, 'host' | 'port' | 'security' | 'user'>

/** The way out by a server. `maxConnections`: how many its provider allows at once, null where it does not say. */
export async function openSender(
  server: SenderServer,
  password: Secret | null,
  log: Log,
): Promise<{readonly sender: Sender; readonly maxConnections: number | null}> {
  const [{createSmtpSender}, {providerOfHost}] = [
    await import('./smtp/connect.ts'),
    await import('./discovery/providers.ts'),
  ]
  // One with `none` elsewhere than on this machine was set by saying so.
  const account: SmtpAccount = {...server, password, allowCleartext: server.security === 'none'}
  return {
    sender: createSmtpSender(account, {log}),
    maxConnections: providerOfHost(server.host)?.maxConnections ?? null,
  }
}
