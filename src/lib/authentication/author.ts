import {domainToASCII} from 'node:url'
import type {Message} from '../message/message.ts'

/** Whom From names, as far as authentication can ask about it (RFC 9989 5.3.1). */
export type Author =
  | {readonly kind: 'domain'; readonly domain: string}
  /** Several authors or several of a field that decides what is read: nothing could be proven of such a mail. */
  | {readonly kind: 'malformed'; readonly why: string}
  | {readonly kind: 'none'; readonly why: string}

/** Fields of which RFC 5322 3.6 allows one: programs that read another one than we do would show another mail. */
const SINGLE_FIELDS = ['from', 'subject', 'message-id']

/** The one domain that the authors of a mail are of. Several of them are fine where they share it. */
export function authorOf({fields, from}: Pick<Message, 'fields' | 'from'>): Author {
  for (const single of SINGLE_FIELDS) {
    const count = fields.filter(({name}) => name === single).length
    if (count > 1) return {kind: 'malformed', why: `there are ${count} ${single} fields, and only one is allowed`}
  }
  const domains = new Set(from.map(({address}) => domainOf(address)))
  const [domain] = domains
  if (domains.size > 1) return {kind: 'malformed', why: 'From names authors of several domains'}
  if (domain === undefined || domain === '') return {kind: 'none', why: 'From names no address with a domain'}
  return {kind: 'domain', domain}
}

/** A local part, quoted or without an `@`, and one domain: with two, one program's domain is another one's local part. */
const ADDRESS = /^(?:"(?:[^"\\]|\\.)*"|[^"@]*)@([^@]*)$/

/** The domain of an address in the form that DNS is asked with; empty where it has none, or not one that can be told. */
export function domainOf(address: string): string {
  const [, domain = ''] = ADDRESS.exec(address) ?? []
  return normalDomain(domain)
}

/** What a domain name is made of, in any script. Everything else would be read as part of a URL. */
const DOMAIN_NAME = /^[\p{L}\p{M}\p{N}_.-]+$/u

/** Lower case, A-labels, without the dot of the root (RFC 5890 2.3.2.1); empty for what is no domain name. */
export function normalDomain(domain: string): string {
  const name = domain.trim()
  return DOMAIN_NAME.test(name) ? domainToASCII(name).replace(/\.$/, '') : ''
}
