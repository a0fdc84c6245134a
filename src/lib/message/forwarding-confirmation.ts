/**
 * Mails by which a provider asks the target of a forward to confirm it, before anything is forwarded. The rows are what such
 * mails were seen to say in public; of a provider that is not among them they become tickets.
 */
import type {Address, ForwardingConfirmation} from './message.ts'

/** How a provider asks. */
interface Row {
  /** As people call it. */
  readonly provider: string
  /** The address in From, in lower case. */
  readonly isFrom: (address: string) => boolean
  /** Only under such a subject; null where the sender alone shows it. */
  readonly subject: RegExp | null
  /** The link that confirms; the mails hold others, of which one takes the request back. */
  readonly link: {readonly hosts: readonly string[]; readonly leads: (url: URL) => boolean}
  /** The code, in the subject or the text; its first group. */
  readonly code: readonly RegExp[]
  /** The mails name the address whose mail is to be forwarded before any other. */
  readonly namesAddress: boolean
}

const ROWS: readonly Row[] = [
  // Archived in full: lore.kernel.org linux-kernel 18 Jan 2021 (English, with a code), linux-erofs 4 Jun 2020 (Chinese, with a
  // code); since 2025 without a code: "(Gmail Forwarding Confirmation - Receive Mail from …". Google writes the language of
  // the account, and a company its own name instead of Gmail: the sender and the link are what they have in common.
  {
    provider: 'Gmail',
    isFrom: (address) => address === 'forwarding-noreply@google.com',
    subject: null,
    // `vf-` confirms, `uf-` cancels. The third host stands in captured mails of earlier years, among the tests of programs that
    // read them (GmailAutoforwarder, GvEmailParser).
    link: {
      hosts: ['mail-settings.google.com', 'mail.google.com', 'isolated.mail.google.com'],
      leads: ({pathname}) => /^\/mail\/vf-./.test(pathname),
    },
    code: [/^\s*\(#(\d{6,12})\)/, /[:：][ \t]*(\d{8,10})[ \t]*$/m],
    namesAddress: true,
  },
  // Yandex's own tests of its filters (yfurita, ClickerForwardTest, 2017): subject, host and parameter of the link.
  {
    provider: 'Yandex',
    isFrom: (address) => /@(?:[a-z0-9-]+\.)*yandex\.(?:ru|com)$/.test(address),
    subject: /^\s*Подтверждение адреса для пересылки писем/iu,
    link: {hosts: ['mail.yandex.ru', 'mail.yandex.com'], leads: ({searchParams}) => searchParams.has('e')},
    code: [],
    namesAddress: false,
  },
]

/** Reads what a mail asks to confirm; null for any other. `text` gives its text, which is read where the sender is one of the rows. */
export function readForwardingConfirmation(
  {from, subject}: {readonly from: readonly Address[]; readonly subject: string},
  text: () => string,
): ForwardingConfirmation | null {
  const sender = from.length === 1 ? (from[0]?.address.toLowerCase() ?? '') : ''
  const row = ROWS.find((each) => each.isFrom(sender) && (each.subject?.test(subject) ?? true))
  if (row === undefined) return null
  const words = text()
  const link = findLink(words, row)
  const code = row.code.map((pattern) => pattern.exec(subject)?.[1] ?? pattern.exec(words)?.[1]).find(Boolean) ?? null
  if (link === null && code === null) return null
  const forAddress = row.namesAddress ? (ADDRESS.exec(subject) ?? ADDRESS.exec(words.slice(0, SOUGHT_CHARS))) : null
  return {provider: row.provider, code, link, forAddress: forAddress?.[0] ?? null}
}

/** An address in running text, as providers give them out; the full stop behind it is none of it. */
const ADDRESS = /[\p{L}\p{N}][\p{L}\p{N}._%+'-]{0,63}@(?:[\p{L}\p{N}-]{1,63}\.){1,8}[\p{L}]{2,63}/u

/** Characters of the text in which the address is looked for: it stands in the first sentence. */
const SOUGHT_CHARS = 2000

const LINK = /https:\/\/[^\s<>"']{1,2000}/gi

/** Links that are looked at: such a mail has three. */
const MAX_LINKS = 50

/** The first link that confirms. Only to the provider itself: a person is going to open it. */
function findLink(text: string, {link: {hosts, leads}}: Row): string | null {
  let seen = 0
  for (const [found] of text.matchAll(LINK)) {
    if (++seen > MAX_LINKS) return null
    const written = found.replace(/[.,;:!?)\]}]+$/, '')
    const url = URL.canParse(written) ? new URL(written) : null
    if (url === null || url.protocol !== 'https:' || !hosts.includes(url.host)) continue
    if (url.username === '' && url.password === '' && leads(url)) return url.href
  }
  return null
}
