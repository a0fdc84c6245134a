/** How mail of an address is sent, which password that takes, and how its mail is forwarded here. Needs no store. */
import {checkAddress} from './address.ts'
import type {Attempt, Candidate, Discovery} from './discovery/discover.ts'
import type {Forwarding, PasswordPolicy} from './discovery/providers.ts'
import type {ResolverAddress} from './dns/resolver.ts'
import {dnsUnknown, invalidValue, notPublished, type Fix, type PostdeskError} from './errors.ts'
import {nearNames} from './near-names.ts'

export interface EmailDiscovery {
  readonly address: string
  readonly domain: string
  /** The provider of the mailbox, where it is known. */
  readonly provider: {
    readonly id: string
    readonly name: string
    readonly note: string | null
    readonly maxConnections: number | null
    /** Where its settings were read; `checked` is false where they are from general knowledge. */
    readonly source: string
    readonly checked: boolean
  } | null
  /** Most secure first. */
  readonly candidates: readonly Candidate[]
  /** Which password is needed; null where the provider is not known. */
  readonly password: PasswordPolicy | null
  /** Consent that can be asked for in place of a password. */
  readonly consent: 'gmail' | 'microsoft' | null
  readonly forwarding: Forwarding
  /** The domain says that it takes no mail (RFC 7505). */
  readonly nullMx: boolean
  readonly tried: readonly Attempt[]
}

/** What was found, and what to say beside it. */
export interface EmailDiscoverReport {
  readonly discovery: EmailDiscovery
  readonly warnings: readonly string[]
  /** Words of the command that goes on; null where nothing was found. */
  readonly next: readonly string[] | null
  /** Null where there is a way to send. */
  readonly error: PostdeskError | null
}

export interface EmailDiscoverOptions {
  /** The DNS resolver; null for the system's. */
  readonly resolver: ResolverAddress | null
  readonly signal: AbortSignal
}

/** What forwarding leads to, where no portal is at hand to name it. */
const TARGET = 'the internal address of your portal'

/** @throws 64 for what is no address. */
export async function discoverEmail(typed: string, options: EmailDiscoverOptions): Promise<EmailDiscoverReport> {
  const address = typed.trim()
  const wrong = checkAddress(address)
  if (wrong !== null) throw invalidValue(`The address ${JSON.stringify(typed)}`, wrong)
  const [{discoverSmtp}, {createResolver}, {forwardingTo, PROVIDERS}] = [
    await import('./discovery/discover.ts'),
    await import('./dns/resolver.ts'),
    await import('./discovery/providers.ts'),
  ]
  const {resolver, signal} = options
  const query = createResolver({address: resolver})
  const {provider, candidates, nullMx, tried} = await discoverSmtp(address, {query, signal, online: true})
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase()
  const discovery: EmailDiscovery = {
    address,
    domain,
    provider: provider && {
      id: provider.id,
      name: provider.name,
      note: provider.note ?? null,
      maxConnections: provider.maxConnections ?? null,
      source: provider.source,
      checked: provider.checked,
    },
    candidates,
    password: provider?.password ?? null,
    consent: provider?.consent ?? null,
    forwarding: forwardingTo(TARGET, provider),
    nullMx,
    tried,
  }
  const known = PROVIDERS.flatMap(({domains}) => domains)
  return {
    discovery,
    warnings: warningsOf(discovery),
    next: nextOf(discovery),
    error: candidates.length > 0 ? null : whyNothing(address, {provider, tried}, nearNames(domain, known)),
  }
}

function warningsOf({domain, candidates, provider, nullMx}: EmailDiscovery): string[] {
  const outside = [...new Set(candidates.filter(({elsewhere}) => elsewhere).map(({host}) => host))]
  return [
    ...(nullMx ? [`${domain} says that it takes no mail: answers to what is sent from there come back`] : []),
    ...(candidates.some(({trusted}) => !trusted)
      ? [
          `these settings are what ${domain} publishes: compare them with its provider's help before a password goes there`,
        ]
      : []),
    ...(outside.length > 0 ? [`not within ${domain}: ${outside.join(', ')}`] : []),
    ...(provider?.checked === false
      ? [`the settings of ${provider.name} are from general knowledge: compare them with its help`]
      : []),
  ]
}

function nextOf({address, candidates, password}: EmailDiscovery): string[] | null {
  const [best] = candidates
  if (best === undefined || password?.kind === 'none') return null
  return [
    ...['email', 'add', 'smtp', address],
    ...(best.trusted ? [] : ['--accept-discovered']),
    ...(best.user === null ? ['--user', 'USER'] : []),
  ]
}

function whyNothing(
  address: string,
  {provider, tried}: Pick<Discovery, 'provider' | 'tried'>,
  near: readonly string[],
): PostdeskError {
  const byHand: Fix = {
    text: "Look up its SMTP server in the provider's help, and give it:",
    command: `postdesk email add smtp ${address} --host HOST --user USER`,
  }
  if (provider) {
    const {password, name} = provider
    const fixes = [...(password.url === undefined ? [] : [{text: `What it offers: ${password.url}`}]), byHand]
    return notPublished(`${name} has no SMTP server for ${address}`, password.say, fixes)
  }
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase()
  const meant = near.length > 0 ? [{text: `Did you mean ${near.map((name) => `"${name}"`).join(' or ')}?`}] : []
  const failed = tried.find(({state}) => state === 'unknown')
  if (failed) return dnsUnknown(`How mail of ${address} is sent is not known`, failed.outcome, [...meant, byHand])
  const askedOnline = tried.some(({kind}) => kind === 'srv')
  return notPublished(
    `No SMTP server is published for ${domain}`,
    askedOnline
      ? 'its MX is of no provider that is known, and neither its DNS (SRV) nor its web server (autoconfig) names a server'
      : tried.at(-1)!.outcome,
    [
      ...meant,
      byHand,
      {text: `Who runs ${domain} can publish it (RFC 8314): _submissions._tcp.${domain}. SRV 0 1 465 HOST.`},
    ],
  )
}
