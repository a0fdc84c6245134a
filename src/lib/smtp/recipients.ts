/** Which recipients can be put to a server, and how they are written for it. */
import {domainToASCII} from 'node:url'
import type {RecipientReceipt} from '../channel/outgoing.ts'
import type {SmtpCapabilities} from './capabilities.ts'
import type {Written} from './receipt.ts'

/** Characters that would end an address within a command, or the command: RFC 5321 4.1.2 has none of them. */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f<>]/

// oxlint-disable-next-line no-control-regex
const ASCII = /^[\u0000-\u007f]*$/

export interface Plan {
  readonly written: Written
  /** Those that are not put to the server at all. */
  readonly hopeless: readonly RecipientReceipt[]
}

/** Sorts out the recipients that this server cannot take. */
export function planRecipients(addresses: readonly string[], capabilities: SmtpCapabilities): Plan {
  const written = new Map<string, string>()
  const hopeless: RecipientReceipt[] = []
  for (const address of addresses) {
    const result = writeAddress(address, capabilities)
    if ('why' in result) hopeless.push({address, result: 'failed', reply: result.why})
    else written.set(address, result.written)
  }
  return {written, hopeless}
}

/**
 * An address as it stands in a command. A domain beyond ASCII has an ASCII form (RFC 5891 4.4), which every server takes;
 * a local part has none, and needs SMTPUTF8 (RFC 6531 3.3).
 */
export function writeAddress(
  address: string,
  {smtpUtf8}: SmtpCapabilities,
): {readonly written: string} | {readonly why: string} {
  const at = address.lastIndexOf('@')
  if (at < 1 || UNSAFE.test(address) || address !== address.trim()) return {why: 'this is no address of mail'}
  const [local, domain] = [address.slice(0, at), address.slice(at + 1)]
  if (!ASCII.test(local))
    return smtpUtf8
      ? {written: address}
      : {why: 'the server takes no addresses with such characters before the @: it does not offer SMTPUTF8'}
  if (ASCII.test(domain)) return {written: address}
  const ascii = domainToASCII(domain)
  return ascii === '' ? {why: 'its domain is no domain'} : {written: `${local}@${ascii}`}
}
