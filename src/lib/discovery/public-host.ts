/** Which hosts a stranger's answer may name: public ones by name, and none that leads into this network. */
import {BlockList, isIP} from 'node:net'

/**
 * Addresses that are not of the public Internet, by the special-purpose registries of IANA (RFC 6890): our own, the
 * network's, link-local (where clouds hand out credentials), for documentation, multicast, and those that carry an IPv4
 * address within, for which a gateway would be the one that connects.
 */
const NOT_PUBLIC: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8], // RFC 791: this network
  ['10.0.0.0', 8], // RFC 1918
  ['100.64.0.0', 10], // RFC 6598: shared by a provider's customers
  ['127.0.0.0', 8], // RFC 1122: loopback
  ['169.254.0.0', 16], // RFC 3927: link-local
  ['172.16.0.0', 12], // RFC 1918
  ['192.0.0.0', 24], // RFC 6890: protocol assignments
  ['192.0.2.0', 24], // RFC 5737: documentation
  ['192.88.99.0', 24], // RFC 7526: 6to4 relays, deprecated
  ['192.168.0.0', 16], // RFC 1918
  ['198.18.0.0', 15], // RFC 2544: benchmarks
  ['198.51.100.0', 24], // RFC 5737
  ['203.0.113.0', 24], // RFC 5737
  ['224.0.0.0', 4], // RFC 5771: multicast
  ['240.0.0.0', 4], // RFC 1112: reserved, and broadcast
]

/** Of IPv6 only what is handed out for the public is let in (RFC 4291 2.4), less these. */
const IPV6_PUBLIC = ['2000::', 3] as const
const IPV6_NOT_PUBLIC: readonly (readonly [network: string, prefix: number])[] = [
  ['2001::', 23], // RFC 2928: protocol assignments, Teredo among them
  ['2001:db8::', 32], // RFC 3849: documentation
  ['2002::', 16], // RFC 3056: 6to4, with an IPv4 address within
  ['3fff::', 20], // RFC 9637: documentation
]

const refused = new BlockList()
for (const [network, prefix] of NOT_PUBLIC) refused.addSubnet(network, prefix, 'ipv4')
const refusedIpv6 = new BlockList()
for (const [network, prefix] of IPV6_NOT_PUBLIC) refusedIpv6.addSubnet(network, prefix, 'ipv6')
const publicIpv6 = new BlockList()
publicIpv6.addSubnet(...IPV6_PUBLIC, 'ipv6')

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** True for an address of the public Internet. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !refused.check(address, 'ipv4')
    case 6:
      return publicIpv6.check(address, 'ipv6') && !refusedIpv6.check(address, 'ipv6')
    default:
      return false
  }
}

export const isLoopbackAddress = (address: string) => loopback.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** RFC 1123 2.1, in lower case. */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * Ends of names that are no names of the public DNS: RFC 6761, 6762, 8375, 7686, 9476, and what networks use by custom.
 * Names for tests and examples are not among them: they lead nowhere, or to addresses that are refused by themselves.
 */
const PRIVATE_ENDS = [
  'localhost',
  'local',
  'internal',
  'intranet',
  'private',
  'lan',
  'home',
  'corp',
  'localdomain',
  'home.arpa',
  'onion',
  'alt',
]

/** The host name of a stranger's answer in its plain form; null for what is none, for an address, and for a private name. */
export function publicHost(text: string): string | null {
  const name = text.toLowerCase().replace(/\.$/, '')
  const labels = name.split('.')
  // A last label of digits makes an address of it for many programs (WHATWG URL, "ends in a number").
  if (name.length > 253 || labels.length < 2 || /^(\d+|0x[\da-f]*)$/.test(labels.at(-1)!)) return null
  if (!labels.every((label) => LABEL.test(label))) return null
  return PRIVATE_ENDS.some((end) => name.endsWith(`.${end}`)) ? null : name
}
