/** What the other providers of mailboxes say. */
import {IMAP, SMTP, useEncryption} from '../protocol.ts'
import {EXIT, type Fix} from '../../errors.ts'
import type {ReplyRow} from './row.ts'

const YAHOO_APP_PASSWORD: Fix = {
  text: 'Create an app password in the security settings of the account and use it as the password.',
}
const APPLE_APP_PASSWORD: Fix = {
  text: 'Create an app-specific password at https://account.apple.com and use it as the password.',
}
const ZOHO_APP_PASSWORD: Fix = {
  text: 'With two-step login create an app password at https://accounts.zoho.com and use it.',
}
const ZOHO_SERVERS: Fix = {
  text: 'Accounts of an organisation use smtppro.zoho.com and imappro.zoho.com; those of other regions .eu, .in, .com.au, .jp.',
}
const GMX_SWITCH_ON: Fix = {
  text: 'Switch on POP3 and IMAP in the settings of the mailbox; with two-step login use an app password.',
}
const GMX_CAUSES = [
  {
    why: 'POP3 and IMAP are switched off, as they are by default and again after a long time without use; that closes SMTP too',
    check: 'E-Mail > Einstellungen (Settings) > POP3/IMAP Abruf',
  },
  {why: 'two-step login is on, and it is not an app password', check: 'Mein Account (My account) > Sicherheit'},
  {why: 'the user name or the password is wrong', check: 'both are taken in a browser'},
] as const
const ZOHO_CAUSES = [
  {
    why: 'two-step login is on, and it is not an app password',
    check: 'accounts.zoho.com, Security, shows it',
  },
  {
    why: 'the account is in another data centre, or belongs to an organisation',
    check: 'the address of the web mail shows the data centre',
  },
  {why: 'the user name or the password is wrong', check: 'both are taken in a browser'},
] as const
const APPLE_CAUSES = [
  {why: 'it is the password of the account, and not one for apps', check: 'it does not look like xxxx-xxxx-xxxx-xxxx'},
  {
    why: 'the user name has not the form that is wanted: over SMTP the whole @icloud.com address, over IMAP the part before the @',
    check: 'the other form is taken',
  },
  {
    why: 'the app-specific password was revoked: all are, when the password of the account changes',
    check: 'a new one is taken',
  },
] as const

const YAHOO: readonly ReplyRow[] = [
  {
    id: 'YAHOO_TOO_MANY_BAD_ATTEMPTS',
    provider: 'yahoo',
    protocol: 'smtp',
    steps: ['login'],
    match: {text: /#AUTH005/},
    exitCode: EXIT.loginClosed,
    title: 'Yahoo refuses the login',
    why: 'Yahoo answers so when the normal password is used, and after too many failed logins',
    causes: [
      {
        why: 'it is the normal password, which Yahoo and AOL never take here',
        check: 'it does not have the 16 letters of an app password',
      },
      {why: 'there were too many failed logins, and the account is locked', check: 'it works again after an hour'},
    ],
    fixes: [YAHOO_APP_PASSWORD, {text: 'If it is an app password already, wait an hour; do not retry in a loop.'}],
    certainty: 'likely',
    source: 'nedimf/maildroid#17 (an app password mended it), nodemailer/nodemailer#1112, PHPMailer/PHPMailer#3291',
  },
  {
    id: 'YAHOO_BAD_CREDENTIALS',
    provider: 'yahoo',
    protocol: 'smtp',
    steps: ['login'],
    match: {text: /#MBR1212/},
    exitCode: EXIT.credentials,
    title: 'Yahoo refuses the login',
    why: 'the user name or the password is wrong; Yahoo wants an app password',
    fixes: [YAHOO_APP_PASSWORD],
    certainty: 'certain',
    source: 'PHPMailer/PHPMailer#1287',
  },
  {
    id: 'YAHOO_IMAP_APP_PASSWORD_NEEDED',
    provider: 'yahoo',
    onlyThere: true,
    protocol: 'imap',
    steps: ['login'],
    match: [{code: 'NO', text: /^(LOGIN |AUTHENTICATE )invalid credentials\.?$/i}, {detail: 'AUTHENTICATIONFAILED'}],
    exitCode: EXIT.loginClosed,
    title: 'Yahoo wants an app password',
    why: 'Yahoo and AOL answer so when the normal password is used, which they never take over IMAP',
    causes: [
      {why: 'it is the normal password', check: 'it does not have the 16 letters of an app password'},
      {why: 'the app password is mistyped or was deleted', check: 'a new one is taken'},
    ],
    fixes: [YAHOO_APP_PASSWORD],
    certainty: 'likely',
    source: 'postalsys/imapflow#300',
  },
  {
    id: 'YAHOO_SENDER_NOT_ACCEPTED',
    provider: 'yahoo',
    onlyThere: true,
    protocol: 'smtp',
    steps: ['sender', 'message'],
    match: {code: '450', text: /^requested mail action not taken: mailbox unavailable/i},
    about: 'sender',
    exitCode: EXIT.sender,
    title: 'The sender is refused',
    why: 'Yahoo does not take the sender, or the login that it was sent with',
    causes: [
      {why: 'From is not the address of the login', check: 'they are compared'},
      {why: 'the login was not with an app password', check: 'it does not have 16 letters'},
    ],
    fixes: [{text: 'Send from the address of the login.'}, YAHOO_APP_PASSWORD],
    certainty: 'likely',
    source: 'nedimf/maildroid#17 (an app password mended it); seen once',
  },
  {
    id: 'YAHOO_SENDER_REFUSED',
    provider: 'yahoo',
    protocol: 'smtp',
    // Said to a message, it may be about what the message holds.
    steps: ['sender'],
    match: {code: '550', text: /^request failed; mailbox unavailable/i},
    about: 'sender',
    exitCode: EXIT.sender,
    title: 'The sender is refused',
    why: 'the address that the mail is from is none of the account',
    fixes: [{text: 'Send from the address of the login.'}],
    certainty: 'likely',
    source: 'mattermost/mattermost#13652 (the address of the login mended it)',
  },
]

const APPLE: readonly ReplyRow[] = [
  {
    id: 'APPLE_LOGIN_REFUSED',
    provider: 'icloud',
    onlyThere: true, // Postfix says the same.
    protocol: 'smtp',
    steps: ['login'],
    match: [{code: '535', text: /^error: authentication failed(: authentication failure)?\.?$/i}, {code: '535'}],
    exitCode: EXIT.credentials,
    title: 'Apple refuses the login',
    why: 'Apple takes only app-specific passwords here, and the whole address as the user name',
    causes: APPLE_CAUSES,
    fixes: [
      APPLE_APP_PASSWORD,
      {text: 'Use the whole @icloud.com address, also where the mail has a domain of your own.'},
    ],
    certainty: 'likely',
    source: 'https://support.apple.com/en-us/102525 (settings); the words were seen in public code only',
  },
  {
    id: 'APPLE_IMAP_LOGIN_REFUSED',
    provider: 'icloud',
    onlyThere: true, // Dovecot says the same.
    protocol: 'imap',
    steps: ['login'],
    match: [{code: 'NO', text: /^authentication failed\.?$/i}, {detail: 'AUTHENTICATIONFAILED'}],
    exitCode: EXIT.credentials,
    title: 'Apple refuses the login',
    why: 'Apple takes only app-specific passwords here, and mostly the part before the @ as the user name',
    causes: APPLE_CAUSES,
    fixes: [APPLE_APP_PASSWORD, {text: 'Try the part of the address before the @ as the user name.'}],
    certainty: 'likely',
    source: 'lefcha/imapfilter#125; https://support.apple.com/en-us/102525',
  },
  {
    id: 'APPLE_SENDER_NOT_OWNED',
    provider: 'icloud',
    protocol: 'smtp',
    steps: ['sender', 'message'],
    match: {code: '550', detail: '5.7.0', text: /^from address is not one of your addresses/i},
    about: 'sender',
    exitCode: EXIT.sender,
    title: 'The sender is refused',
    why: 'the address that the mail is from is none that this login may send as',
    fixes: [{text: 'Apple takes only the address of the login, its aliases, and those of a domain that iCloud hosts.'}],
    certainty: 'certain',
    source: 'ozanozbeker/epistole#66 (a send to smtp.mail.me.com, with the reply)',
  },
]

const ZOHO: readonly ReplyRow[] = [
  {
    id: 'ZOHO_LOGIN_REFUSED',
    provider: 'zoho',
    onlyThere: true,
    protocol: 'smtp',
    steps: ['login'],
    match: [{code: '535', text: /^authentication failed\.?$/i}, {code: '535'}],
    exitCode: EXIT.credentials,
    title: 'Zoho refuses the login',
    why: 'the password is wrong, two-step login wants an app password, or the account is in another data centre or organisation',
    causes: ZOHO_CAUSES,
    fixes: [ZOHO_APP_PASSWORD, ZOHO_SERVERS],
    certainty: 'likely',
    source: 'https://www.zoho.com/mail/help/zoho-smtp.html',
  },
  {
    id: 'ZOHO_IMAP_LOGIN_REFUSED',
    provider: 'zoho',
    onlyThere: true, // Google says the same.
    protocol: 'imap',
    steps: ['login'],
    match: [{code: 'NO', text: /^invalid credentials ?\(failure\)/i}, {detail: 'AUTHENTICATIONFAILED'}],
    exitCode: EXIT.credentials,
    title: 'Zoho refuses the login',
    why: 'the password is wrong, two-step login wants an app password, or the account is in another data centre or organisation',
    causes: ZOHO_CAUSES,
    fixes: [ZOHO_APP_PASSWORD, ZOHO_SERVERS],
    certainty: 'likely',
    source: 'https://www.zoho.com/mail/help/imap-access.html (the settings); the words are not verified',
  },
  {
    id: 'ZOHO_IMAP_OFF',
    provider: 'zoho',
    protocol: 'imap',
    steps: ['login'],
    match: {text: /you are yet to enable IMAP/i},
    exitCode: EXIT.loginClosed,
    title: 'IMAP is switched off',
    why: 'IMAP is switched off for this mailbox, as it is by default',
    fixes: [
      {text: 'Switch it on: Zoho Mail, Settings, Mail Accounts, IMAP; in an organisation its administrator allows it.'},
    ],
    certainty: 'certain',
    source: 'https://www.zoho.com/mail/help/imap-access.html; the words were seen in public code',
  },
  {
    id: 'ZOHO_SENDER_NOT_OWNED',
    provider: 'zoho',
    protocol: 'smtp',
    steps: ['sender', 'message'],
    match: {code: '553', text: /^relaying disallowed as\b/i},
    about: 'sender',
    exitCode: EXIT.sender,
    title: 'The sender is refused',
    why: 'the address that the mail is from is none that this login may send as',
    fixes: [
      {
        text: 'Zoho takes only the address of the login and its aliases: https://www.zoho.com/mail/help/zoho-smtp.html',
      },
    ],
    certainty: 'certain',
    source: 'frappe/erpnext#19057, mattermost/mattermost#13224',
  },
  {
    id: 'ZOHO_OUTGOING_BLOCKED',
    provider: 'zoho',
    protocol: 'smtp',
    steps: ['sender', 'message'],
    match: {code: /^55/, detail: '5.1.8', text: /^(email outgoing|sender address) blocked/i},
    exitCode: EXIT.loginClosed,
    title: 'The account may not send',
    why: 'Zoho has closed this account for outgoing mail, mostly because of spam that was sent by it',
    fixes: [{text: 'Have it opened again: https://mail.zoho.com/UnblockMe'}],
    certainty: 'certain',
    source: 'the words themselves; seen in public issues',
  },
  {
    id: 'ZOHO_UNUSUAL_ACTIVITY',
    provider: 'zoho',
    protocol: 'smtp',
    steps: ['sender', 'recipient', 'message'],
    match: {code: '550', detail: '5.4.6', text: /^unusual sending activity/i},
    exitCode: EXIT.tryAgain,
    title: 'Zoho takes no more mail for now',
    why: 'Zoho thinks that the account sends too much at once',
    fixes: [
      {text: 'Wait; what was not sent stays in the outbox.'},
      {text: 'If it lasts: https://mail.zoho.com/UnblockMe'},
    ],
    certainty: 'certain',
    source: 'seen in public code, with the address that unblocks; https://www.zoho.com/mail/help/usage-policy.html',
  },
  {
    id: 'ZEPTOMAIL_LOGIN_REFUSED',
    provider: 'zeptomail',
    onlyThere: true,
    protocol: 'smtp',
    steps: ['login'],
    match: [{code: '535', text: /^authentication failed\.?$/i}, {code: '535'}],
    exitCode: EXIT.credentials,
    title: 'ZeptoMail refuses the login',
    why: 'the token is wrong, or the credits are used up, or the account is blocked; ZeptoMail does not say which',
    causes: [
      {why: 'the user name is not emailapikey, or the token was deleted', check: 'the agent shows both under SMTP/API'},
      {why: 'the credits are used up, or the account is blocked', check: 'the dashboard says so'},
      {why: 'the account is in another data centre', check: 'the address of the dashboard shows it'},
    ],
    fixes: [{text: 'Use the user name emailapikey, and the token that the agent shows under SMTP/API.'}],
    certainty: 'likely',
    source: 'https://www.zoho.com/zeptomail/help/smtp-home.html (the settings); the reasons are not verified',
  },
]

const FASTMAIL: readonly ReplyRow[] = [
  {
    id: 'FASTMAIL_APP_PASSWORD_NEEDED',
    provider: 'fastmail',
    protocol: 'smtp',
    steps: ['login'],
    match: {text: /need to create an app password to use this service/i},
    exitCode: EXIT.loginClosed,
    title: 'Fastmail wants an app password',
    why: 'it is the password of the account, which Fastmail never takes here',
    fixes: [
      {
        text: 'Create an app password: https://app.fastmail.com/settings/security, with access to mail (IMAP/POP/SMTP).',
      },
    ],
    certainty: 'certain',
    source: 'the words themselves; seen once in public code',
  },
  {
    id: 'FASTMAIL_IMAP_LOGIN_REFUSED',
    provider: 'fastmail',
    protocol: 'imap',
    steps: ['login'],
    match: {code: 'NO', text: /^incorrect username or password/i},
    exitCode: EXIT.credentials,
    title: 'Fastmail refuses the login',
    why: 'the user name or the app password is wrong',
    causes: [
      {why: 'it is the password of the account, and not an app password', check: 'a new app password is taken'},
      {why: 'the user name is an alias', check: 'it is the address that one signs in with'},
    ],
    fixes: [
      {
        text: 'Create an app password: https://app.fastmail.com/settings/security, with access to mail (IMAP/POP/SMTP).',
      },
    ],
    certainty: 'likely',
    source: 'Foundry376/Mailspring#2217',
  },
]

const GMX: readonly ReplyRow[] = [
  {
    id: 'GMX_ACCESS_OFF',
    provider: 'gmx',
    onlyThere: true, // Amazon SES says the same.
    protocol: 'smtp',
    steps: ['login'],
    match: [{code: '535', text: /^authentication credentials invalid\.?$/i}, {code: '535'}],
    exitCode: EXIT.loginClosed,
    title: 'GMX or WEB.DE refuses the login',
    why: 'either POP3 and IMAP are switched off in the settings (they are so by default), which closes SMTP too, or the password is wrong',
    causes: GMX_CAUSES,
    fixes: [GMX_SWITCH_ON],
    certainty: 'likely',
    source: 'jens-maus/yam#638',
  },
  {
    id: 'GMX_IMAP_ACCESS_OFF',
    provider: 'gmx',
    onlyThere: true,
    protocol: 'imap',
    steps: ['login'],
    match: [
      {code: 'NO', detail: '', text: /^authentication failed\.?$/i},
      {code: 'NO', detail: /^(AUTHENTICATIONFAILED)?$/},
    ],
    exitCode: EXIT.loginClosed,
    title: 'GMX or WEB.DE refuses the login',
    why: 'either POP3 and IMAP are switched off in the settings (they are so by default), or the password is wrong',
    causes: GMX_CAUSES,
    fixes: [GMX_SWITCH_ON],
    certainty: 'likely',
    source: 'jens-maus/yam#638 (the reason); thunderbird/thunderbird-android#5780 (the words)',
  },
]

const YANDEX_MAILRU_NETEASE: readonly ReplyRow[] = [
  {
    id: 'YANDEX_IMAP_OFF',
    provider: 'yandex',
    protocol: 'imap',
    steps: ['login'],
    match: {text: /invalid credentials or IMAP is disabled/i},
    exitCode: EXIT.loginClosed,
    title: 'Yandex refuses the login',
    why: 'either IMAP is switched off in the settings of the mailbox, or the password is wrong; the server does not say which',
    causes: [
      {why: 'IMAP is switched off', check: 'Settings, Email clients, "From the imap.yandex.com server via IMAP"'},
      {why: 'it is not an app password', check: 'a new app password for mail is taken'},
    ],
    fixes: [{text: "Switch IMAP on in the provider's web interface, and use an app password if it offers them."}],
    certainty: 'likely',
    source: 'Foundry376/Mailspring#904',
  },
  {
    id: 'YANDEX_NO_ACCESS',
    provider: 'yandex',
    protocol: 'smtp',
    steps: ['login'],
    match: {code: '535', text: /this user does not have access rights to this service/i}, // 5.7.8
    exitCode: EXIT.loginClosed,
    title: 'Yandex refuses the login',
    why: 'mail programs are switched off in the settings of the mailbox, or it is not an app password',
    causes: [
      {why: 'mail programs are switched off', check: 'Settings, Email clients'},
      {why: 'it is not an app password', check: 'a new app password for mail is taken'},
    ],
    fixes: [{text: 'Switch on access for mail programs under Settings, Email clients, and use an app password.'}],
    certainty: 'likely',
    source: 'seen in public code, with the setting that mended it; no document of Yandex has the words',
  },
  {
    id: 'YANDEX_NEEDS_TLS',
    provider: 'yandex',
    protocol: 'smtp',
    steps: ['login', 'sender'],
    match: {code: '530', detail: '5.7.7'},
    exitCode: EXIT.tls,
    title: 'Yandex takes nothing in clear text',
    why: 'it takes logins and mail only over an encrypted connection',
    fixes: [useEncryption(SMTP)],
    certainty: 'certain',
    source: 'PHPMailer/PHPMailer#283',
  },
  {
    id: 'MAILRU_APP_PASSWORD_NEEDED',
    provider: 'mail-ru',
    protocol: 'smtp',
    steps: ['login'],
    match: {code: '535', text: /application password is REQUIRED/i}, // 5.7.0
    exitCode: EXIT.loginClosed,
    title: 'Mail.ru wants an app password',
    why: 'it is the password of the account, which Mail.ru does not take here',
    fixes: [
      {text: 'Create a password for external applications: https://help.mail.ru/mail/security/protection/external'},
    ],
    certainty: 'certain',
    source: 'lmanukyan/print-designer#5',
  },
  {
    id: 'MAILRU_LOGIN_NEEDED',
    provider: 'mail-ru',
    protocol: 'smtp',
    steps: ['sender', 'message'],
    match: {code: '503', text: /^administrative prohibition -- authorization required/i},
    exitCode: EXIT.credentials,
    title: 'Mail.ru wants a login',
    why: 'it takes mail only from those who are logged in',
    fixes: [{text: 'Give the user name and the password of the account: --user, --password-stdin.'}],
    certainty: 'certain',
    source: 'the words themselves; seen in a public paste',
  },
  {
    id: 'NETEASE_UNSAFE_LOGIN',
    provider: 'netease',
    protocol: 'imap',
    steps: ['login', 'mailbox'],
    match: {text: /unsafe login/i},
    exitCode: EXIT.protocol,
    title: 'NetEase refuses this program',
    why: 'the login was right, and the provider opens no mailbox for a program that does not say what it is (RFC 2971)',
    fixes: [
      {text: 'Create an authorisation code in the web interface of the mailbox and use it as the password.'},
      {text: 'Let the mailbox forward to an internal address, which needs no login at all.'},
    ],
    certainty: 'certain',
    source: 'pimalaya/himalaya#651',
  },
  {
    id: 'NETEASE_INITIAL_RESPONSE',
    provider: 'netease',
    protocol: 'imap',
    steps: ['login'],
    match: {code: 'BAD', text: /^request not ending with/i},
    exitCode: EXIT.protocol,
    title: 'The server does not understand the login',
    why: 'it says that it takes the password with the command (SASL-IR), and does not; the password was not judged',
    fixes: [{text: `Use the command LOGIN: --auth LOGIN, on port ${IMAP.tlsPort} with --security tls.`}],
    certainty: 'certain',
    source: 'pimalaya/himalaya#729',
  },
]

export const MAILBOX_ROWS: readonly ReplyRow[] = [
  ...YAHOO,
  ...APPLE,
  ...ZOHO,
  ...FASTMAIL,
  ...GMX,
  ...YANDEX_MAILRU_NETEASE,
]
