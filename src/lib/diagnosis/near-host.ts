import {PROVIDERS} from '../discovery/providers.ts'
import {nearNames} from '../near-names.ts'

/** Where mail is read; the table of providers has only the hosts that it is sent by. */
const IMAP_HOSTS = [
  'imap.gmail.com',
  'outlook.office365.com',
  'imap.mail.yahoo.com',
  'imap.aol.com',
  'imap.mail.me.com',
  'imap.zoho.com',
  'imappro.zoho.com',
  'imap.fastmail.com',
  'imap.gmx.net',
  'imap.web.de',
  'secureimap.t-online.de',
  'imap.yandex.com',
  'imap.mail.ru',
  'imap.163.com',
  'imap.126.com',
]

const HOSTS = [...PROVIDERS.flatMap(({smtp}) => smtp.map(({host}) => host)), ...IMAP_HOSTS]

/**
 * The host of a provider that was meant by a name that does not exist; null where none is near. Label by label, since of a
 * whole name a third of the letters is another name.
 */
export function nearHost(typed: string): string | null {
  const labels = typed.toLowerCase().split('.')
  const isNear = (host: string) => {
    const right = host.split('.')
    // A dot that is missing, or in the wrong place.
    if (right.join('') === labels.join('')) return true
    return right.length === labels.length && right.every((label, at) => nearNames(labels[at]!, [label]).length > 0)
  }
  return HOSTS.find((host) => host !== typed && isNear(host)) ?? null
}
