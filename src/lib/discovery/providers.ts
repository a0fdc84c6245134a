/** Looks up the bundled table of providers. Pure: it asks nobody. */
import type {Forwarding, Provider} from './provider.ts'
import {PROVIDERS} from './provider-table.ts'

export type {Endpoint, Forwarding, PasswordPolicy, Provider, Security, UserForm} from './provider.ts'
export {PROVIDERS} from './provider-table.ts'

/** Names are compared as DNS compares them: in any letters (RFC 4343), with or without the dot of the root. */
const plainName = (name: string) => name.toLowerCase().replace(/\.$/, '')

/** True for the name itself and all below it. */
const isWithin = (name: string, suffix: string) => name === suffix || name.endsWith(`.${suffix}`)

/** The provider whose own mail domain this is. */
export function providerOfDomain(domain: string): Provider | null {
  const name = plainName(domain)
  return PROVIDERS.find(({domains}) => domains.includes(name)) ?? null
}

/**
 * The provider that has the mailboxes of a domain with these MX hosts, the most preferred one first. Of several suffixes
 * that fit, the longest says most.
 */
export function providerOfMx(hosts: readonly string[]): Provider | null {
  for (const host of hosts.map(plainName)) {
    const [best] = PROVIDERS.flatMap((provider) => provider.mx.map((suffix) => ({provider, suffix})))
      .filter(({suffix}) => isWithin(host, suffix))
      .sort((a, b) => b.suffix.length - a.suffix.length)
    if (best) return best.provider
  }
  return null
}

/** The provider that one sends through at this host; of several that share it, the first of the table. */
export function providerOfHost(smtpHost: string): Provider | null {
  const name = plainName(smtpHost)
  return (
    PROVIDERS.find(
      ({smtp, hostPattern}) => smtp.some(({host}) => host === name) || (hostPattern?.test(name) ?? false),
    ) ?? null
  )
}

/** For a provider that is not known, and for the mailbox behind a service that only sends. */
const ANY_FORWARDING: Forwarding = {
  steps: [
    'Sign in to the web mail of the mailbox, or to the administration of its mail server.',
    'Look in the settings for forwarding, or for rules or filters that hold for every mail.',
    'Forward every mail to {target}; choose "redirect" rather than "forward as attachment" where both are offered, and keep a copy.',
    'Where the provider sends a mail with a code or a link to {target} first, `postdesk email status` shows it, or it arrives as a ticket: confirm it there.',
  ],
  confirms: false,
  checked: true,
}

/** How the owner of a mailbox there has its mail forwarded to `target`. */
export function forwardingTo(target: string, provider: Provider | null): Forwarding {
  const forwarding = provider?.forwarding ?? ANY_FORWARDING
  return {...forwarding, steps: forwarding.steps.map((step) => step.replaceAll('{target}', target))}
}

/** The name that an address logs in with; null where only its owner knows it. */
export function loginOf(address: string, {user}: Pick<Provider, 'user'>): string | null {
  if (typeof user === 'object') return user.fixed
  switch (user) {
    case 'address':
      return address
    case 'local-part':
      return address.slice(0, address.lastIndexOf('@'))
    case 'ask':
      return null
  }
}
