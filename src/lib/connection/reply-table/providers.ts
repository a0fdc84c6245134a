/** Whose words the table of replies knows, and how their servers are told by name. */

export interface ReplyProvider {
  readonly id: string
  readonly name: string
  /** Names of its servers; null for software that runs anywhere. */
  readonly hosts: RegExp | null
  /** Further ids for it, mostly those of `email discover`. */
  readonly aliases?: readonly string[]
}

export const REPLY_PROVIDERS: readonly ReplyProvider[] = [
  {
    id: 'google',
    name: 'Google (Gmail, Workspace)',
    hosts: /(^|\.)(gmail|googlemail|google|googleapis)\.com$/,
    aliases: ['gmail', 'google-workspace'],
  },
  {
    id: 'microsoft',
    name: 'Microsoft (365, Outlook.com)',
    hosts: /(^|\.)(outlook|office365|office|live|hotmail|exchangelabs|microsoftonline)\.com$|(^|\.)office365\.us$/,
    aliases: ['microsoft-365', 'outlook', 'office365'],
  },
  {id: 'yahoo', name: 'Yahoo and AOL', hosts: /(^|\.)((yahoo|aol)\.[a-z.]+|yahoodns\.net)$/, aliases: ['aol']},
  {id: 'icloud', name: 'iCloud', hosts: /(^|\.)(me|icloud|mac)\.com$/, aliases: ['apple', 'icloud-own-domain']},
  {id: 'zoho', name: 'Zoho Mail', hosts: /(^|\.)zoho(mail)?\.[a-z.]+$/},
  {id: 'zeptomail', name: 'Zoho ZeptoMail', hosts: /(^|\.)zeptomail\.[a-z.]+$/},
  {id: 'fastmail', name: 'Fastmail', hosts: /(^|\.)(fastmail\.(com|fm)|messagingengine\.com)$/},
  {id: 'gmx', name: 'GMX and WEB.DE', hosts: /(^|\.)(gmx\.[a-z]+|web\.de)$/, aliases: ['gmx-com', 'web-de']},
  {id: 'yandex', name: 'Yandex', hosts: /(^|\.)yandex\.[a-z.]+$/},
  {id: 'mail-ru', name: 'Mail.ru', hosts: /(^|\.)mail\.ru$/},
  {
    id: 'netease',
    name: 'NetEase (163, 126)',
    hosts: /(^|\.)(163|126|188)\.com$|(^|\.)yeah\.net$/,
    aliases: ['netease-163-com', 'netease-126-com'],
  },
  {id: 'amazon-ses', name: 'Amazon SES', hosts: /(^|\.)amazonaws\.com$/, aliases: ['ses']},
  {id: 'sendgrid', name: 'SendGrid', hosts: /(^|\.)sendgrid\.(net|com)$/},
  {id: 'mailgun', name: 'Mailgun', hosts: /(^|\.)mailgun\.(org|net|com)$/, aliases: ['mailgun-eu']},
  {id: 'postmark', name: 'Postmark', hosts: /(^|\.)postmarkapp\.com$/},
  {id: 'brevo', name: 'Brevo', hosts: /(^|\.)(brevo|sendinblue)\.com$/},
  {id: 'smtp2go', name: 'SMTP2GO', hosts: /(^|\.)smtp2go\.com$/},
  {id: 'socketlabs', name: 'SocketLabs', hosts: /(^|\.)socketlabs\.com$/},
  {id: 'exchange', name: 'Microsoft Exchange Server', hosts: null},
  {id: 'postfix', name: 'Postfix', hosts: null},
  {id: 'dovecot', name: 'Dovecot', hosts: null},
  {id: 'exim', name: 'Exim (cPanel)', hosts: null, aliases: ['cpanel']},
  {id: 'sendmail', name: 'sendmail', hosts: null},
  {id: 'cisco', name: 'Cisco firewalls', hosts: null},
]
