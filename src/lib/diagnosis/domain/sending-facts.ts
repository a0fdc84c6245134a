/**
 * What the records of a domain have to say for mail that leaves by a provider, by its id in the table of providers. Facts
 * only, each row with its source; one that nobody looked up at the provider says `checked: false`.
 */

export interface SendingFacts {
  /**
   * Domains whose SPF records name the servers of the provider: one of them is to be included. The first is the one that is
   * proposed. Empty where the domain's own SPF record is never asked.
   */
  readonly spf: readonly string[]
  /**
   * Whose domain the envelope sender (MAIL FROM) has when mail leaves, and so whose SPF record is asked: that of the sender,
   * one of the provider's own or a subdomain set up for it, or either, as the account is set up.
   */
  readonly returnPath: 'sender' | 'provider' | 'either'
  /** DKIM selectors that it uses. */
  readonly selectors: readonly string[]
  /**
   * `always`: it signs with these and no others. `usually`: unless the owner chose another. `sometimes`: examples; that
   * none is there says nothing.
   */
  readonly uses: 'always' | 'usually' | 'sometimes'
  /** Where each selector is an alias into the provider: its target, with `{selector}` and `{domain}`; null where only the provider tells. */
  readonly alias: string | null
  readonly source: string
  readonly checked: boolean
}

/** Zoho's data centres have includes of their own; older documents name `zoho.`, newer ones `zohomail.` and `one.zoho.` */
const zoho = (centre: string): SendingFacts => ({
  spf: [`zoho.${centre}`, `zohomail.${centre}`, `spf.zoho.${centre}`, `one.zoho.${centre}`],
  returnPath: 'sender',
  // The owner names the selector when the key is made.
  selectors: ['zmail', 'zoho'],
  uses: 'sometimes',
  alias: null,
  source: 'https://www.zoho.com/mail/help/adminconsole/spf-configuration.html',
  checked: centre === 'com',
})

const GOOGLE: SendingFacts = {
  spf: ['_spf.google.com'],
  returnPath: 'sender',
  selectors: ['google'],
  uses: 'usually',
  alias: null,
  source: 'https://support.google.com/a/answer/33786',
  checked: true,
}

const ICLOUD: SendingFacts = {
  spf: ['icloud.com'],
  returnPath: 'sender',
  selectors: ['sig1'],
  uses: 'always',
  alias: '{selector}.dkim.{domain}.at.icloudmailadmin.com',
  source: 'https://support.apple.com/en-us/102374',
  checked: false,
}

const MAILGUN: SendingFacts = {
  spf: ['mailgun.org', 'eu.mailgun.org'],
  // It is the domain of the login, often mg.DOMAIN.
  returnPath: 'either',
  selectors: ['pdk1', 'pdk2', 'k1', 'krs', 'smtp', 'mailo', 'pic', 'mx'],
  uses: 'sometimes',
  alias: null,
  source: 'https://documentation.mailgun.com/docs/mailgun/user-manual/domains/domains-verify',
  checked: true,
}

const ZEPTOMAIL: SendingFacts = {
  spf: [],
  returnPath: 'provider',
  selectors: [],
  uses: 'sometimes',
  alias: null,
  source: 'https://www.zoho.com/zeptomail/help/domains.html',
  checked: true,
}

const FACTS: Readonly<Record<string, SendingFacts>> = {
  gmail: GOOGLE,
  'google-workspace': GOOGLE,
  'microsoft-365': {
    spf: ['spf.protection.outlook.com'],
    returnPath: 'sender',
    selectors: ['selector1', 'selector2'],
    uses: 'always',
    alias: null,
    source: 'https://learn.microsoft.com/en-us/defender-office-365/email-authentication-dkim-configure',
    checked: true,
  },
  icloud: ICLOUD,
  'icloud-own-domain': ICLOUD,
  fastmail: {
    spf: ['spf.messagingengine.com'],
    returnPath: 'sender',
    selectors: ['fm1', 'fm2', 'fm3'],
    uses: 'always',
    alias: '{selector}.{domain}.dkim.fmhosted.com',
    source: 'https://www.fastmail.help/hc/en-us/articles/360060591153',
    checked: true,
  },
  zoho: zoho('com'),
  'zoho-eu': zoho('eu'),
  'zoho-in': zoho('in'),
  'zoho-com-au': zoho('com.au'),
  'zoho-jp': zoho('jp'),
  'zoho-organisation': zoho('com'),
  'zoho-organisation-eu': zoho('eu'),
  'zoho-organisation-in': zoho('in'),
  'zoho-organisation-com-au': zoho('com.au'),
  'zoho-organisation-jp': zoho('jp'),
  zeptomail: ZEPTOMAIL,
  'zeptomail-eu': ZEPTOMAIL,
  'zeptomail-in': ZEPTOMAIL,
  yandex: {
    spf: ['_spf.yandex.net', '_spf.yandex.ru'],
    returnPath: 'sender',
    selectors: ['mail'],
    uses: 'usually',
    alias: null,
    source: 'https://yandex.com/support/yandex-360/business/admin/en/domains/dns-records.html',
    checked: false,
  },
  'mail-ru': {
    spf: ['_spf.mail.ru'],
    returnPath: 'sender',
    selectors: ['mailru'],
    uses: 'usually',
    alias: null,
    source: 'https://help.mail.ru/biz/domain/settings/dns',
    checked: false,
  },
  'proton-own-domain': {
    spf: ['_spf.protonmail.ch'],
    returnPath: 'sender',
    selectors: ['protonmail', 'protonmail2', 'protonmail3'],
    uses: 'always',
    alias: null,
    source: 'https://proton.me/support/anti-spoofing-custom-domain',
    checked: true,
  },
  'amazon-ses': {
    spf: [],
    // A subdomain of amazonses.com, or a subdomain of the sender's that is set up as the custom MAIL FROM domain.
    returnPath: 'provider',
    // Three random tokens.
    selectors: [],
    uses: 'sometimes',
    alias: null,
    source: 'https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-spf.html',
    checked: true,
  },
  sendgrid: {
    spf: [],
    // sendgrid.net, or the subdomain of the authenticated domain (em1234.DOMAIN).
    returnPath: 'provider',
    selectors: ['s1', 's2'],
    uses: 'usually',
    alias: null,
    source: 'https://support.sendgrid.com/hc/en-us/articles/21415314709147',
    checked: true,
  },
  mailgun: MAILGUN,
  'mailgun-eu': MAILGUN,
  postmark: {
    spf: [],
    // pm.mtasv.net, or pm-bounces.DOMAIN as an alias of it.
    returnPath: 'provider',
    // Made of the date, as 20230601123456pm.
    selectors: [],
    uses: 'sometimes',
    alias: null,
    source: 'https://postmarkapp.com/support/article/1092-how-do-i-set-up-spf-for-postmark',
    checked: false,
  },
  brevo: {
    spf: [],
    returnPath: 'provider',
    selectors: ['brevo1', 'brevo2', 'mail'],
    uses: 'usually',
    alias: null,
    source: 'https://help.brevo.com/hc/en-us/articles/12163873383186',
    checked: false,
  },
  resend: {
    spf: [],
    // send.DOMAIN, whose SPF record includes amazonses.com.
    returnPath: 'provider',
    selectors: ['resend'],
    uses: 'always',
    alias: null,
    source: 'https://github.com/Domain-Connect/Templates/blob/master/resend.com.mail.json',
    checked: true,
  },
  mailjet: {
    spf: [],
    // bnc3.mailjet.com, or an alias of it.
    returnPath: 'provider',
    selectors: ['mailjet'],
    uses: 'always',
    alias: null,
    source: 'https://www.mailjet.com/blog/deliverability/mailjet-dmarcbis-is-dead-long-live-dmarc/',
    checked: true,
  },
  mailersend: {
    spf: [],
    returnPath: 'provider',
    selectors: ['mlsend2', 'mlsend'],
    uses: 'usually',
    alias: null,
    source: 'https://www.mailersend.com/help/how-to-verify-and-authenticate-a-sending-domain',
    checked: false,
  },
  smtp2go: {
    spf: [],
    // em + the number of the account + .DOMAIN, an alias of return.smtp2go.net.
    returnPath: 'provider',
    // s + the number of the account.
    selectors: [],
    uses: 'sometimes',
    alias: null,
    source: 'https://support.smtp2go.com/hc/en-gb/articles/28543815517209-SPF-DKIM-and-DMARC',
    checked: true,
  },
}

/** Null for a provider that is not known, and for one that sends for its own domains alone. */
export const sendingFactsOf = (provider: string | null): SendingFacts | null =>
  provider === null ? null : (FACTS[provider] ?? null)
