/** What Gmail and Google Workspace say. */
import {EXIT, type Fix} from '../../errors.ts'
import type {ReplyRow} from './row.ts'

/** "Gmail SMTP errors and codes". */
const SMTP_ERRORS = 'https://support.google.com/a/answer/3726730'

const APP_PASSWORD: Fix = {
  text: 'Create an app password at https://myaccount.google.com/apppasswords and use it as the password.',
}
const SIGN_IN_ONCE: Fix = {
  text: 'Sign in to the account once in a browser, confirm that it was you, then try again.',
}
const SLOW_DOWN: Fix = {text: 'Wait some minutes; do not retry in a loop.'}

const REFUSED_CAUSES = [
  {
    why: 'the app password is mistyped or revoked: all are, when the password of the account changes',
    check: 'a new app password is taken',
  },
  {
    why: 'it is the normal password, which Google never takes',
    check: 'it does not have the 16 letters of an app password; an account without two-step verification has none',
  },
  {
    why: 'the user name is an alias',
    check: 'the main address of the account is the one that is shown where one is signed in',
  },
  {
    why: 'an administrator or Advanced Protection forbids app passwords',
    check: 'https://myaccount.google.com/apppasswords says that the setting is not available',
  },
] as const

const TWO_STEP = 'the account has two-step verification, where Google refuses the normal password'
const SUSPICIOUS = 'Google thinks that this login is suspicious and blocks it'

export const GOOGLE_ROWS: readonly ReplyRow[] = [
  {
    id: 'GOOGLE_APP_PASSWORD_NEEDED',
    provider: 'google',
    protocol: 'smtp',
    steps: ['login'],
    match: {text: /application-specific password required|InvalidSecondFactor/i}, // 534-5.7.9
    exitCode: EXIT.loginClosed,
    title: 'Google wants an app password',
    why: TWO_STEP,
    fixes: [APP_PASSWORD],
    certainty: 'certain',
    source: SMTP_ERRORS,
  },
  {
    id: 'GOOGLE_BROWSER_LOGIN_NEEDED',
    provider: 'google',
    protocol: 'smtp',
    steps: ['login'],
    match: {text: /log in (via|with) your web browser/i}, // 534-5.7.14
    exitCode: EXIT.loginClosed,
    title: 'Google blocks the login',
    why: SUSPICIOUS,
    fixes: [SIGN_IN_ONCE, APP_PASSWORD],
    certainty: 'certain',
    source: SMTP_ERRORS,
  },
  {
    id: 'GOOGLE_BAD_CREDENTIALS',
    provider: 'google',
    protocol: 'smtp',
    steps: ['login'],
    match: {text: /username and password not accepted|BadCredentials/i}, // 535-5.7.8
    exitCode: EXIT.credentials,
    title: 'Google refuses the login',
    why: 'the app password is wrong or revoked, or it is the normal password, which Google never takes',
    causes: REFUSED_CAUSES,
    fixes: [
      APP_PASSWORD,
      {text: 'Use the main address of the account as the user name, not an alias.'},
      {text: 'With Google Workspace ask the administrator to allow app passwords.'},
    ],
    certainty: 'likely',
    source: `${SMTP_ERRORS}; jef/streetmerchant#1190`,
  },
  {
    id: 'GOOGLE_TOO_MANY_LOGINS',
    provider: 'google',
    protocol: 'smtp',
    steps: ['login'],
    match: {code: /^4/, detail: '4.7.0', text: /too many login attempts/i},
    exitCode: EXIT.tryAgain,
    title: 'Google takes no login now',
    why: 'there were too many logins to this account in a short time',
    fixes: [SLOW_DOWN],
    certainty: 'certain',
    source: 'https://support.google.com/mail/answer/7126229',
  },
  {
    id: 'GOOGLE_XOAUTH2_TOKEN_REFUSED',
    provider: 'google',
    protocol: 'smtp',
    steps: ['login'],
    // The challenge that comes instead of a refusal, as JSON: {"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}
    match: {code: '334', text: /"status":"40[01]".*"scope":"https:\/\/mail\.google\.com\/"/},
    exitCode: EXIT.credentials,
    title: 'Google refuses the token',
    why: 'the access token has expired, is of another account, or was not given for all of Gmail',
    causes: [
      {why: 'the token has expired: it lives an hour', check: 'a fresh one is taken'},
      {why: 'it is of another account than the user name', check: 'the user name is the address that gave consent'},
      {
        why: 'it was not given for https://mail.google.com/',
        check: 'https://oauth2.googleapis.com/tokeninfo shows the scopes of the token',
      },
    ],
    fixes: [{text: 'Give consent again.'}],
    certainty: 'likely',
    source: 'https://developers.google.com/workspace/gmail/imap/xoauth2-protocol; jstedfast/MailKit#377',
  },
  {
    id: 'GOOGLE_LOGIN_NEEDED',
    provider: 'google',
    protocol: 'smtp',
    steps: ['sender', 'recipient', 'message'],
    match: {code: '530', detail: '5.7.0', text: /^authentication required\b.*(google\.com|gsmtp)/i},
    exitCode: EXIT.credentials,
    title: 'Google wants a login',
    why: 'it takes mail only from those who are logged in',
    fixes: [{text: 'Give the user name and an app password: --user, --password-stdin.'}, APP_PASSWORD],
    certainty: 'certain',
    source: SMTP_ERRORS,
  },
  {
    id: 'GOOGLE_DAILY_LIMIT',
    provider: 'google',
    protocol: 'smtp',
    steps: ['sender', 'recipient', 'message'],
    match: {code: '550', detail: '5.4.5', text: /^daily /i},
    exitCode: EXIT.tryAgain,
    title: 'Google takes no more mail today',
    why: 'the account has sent as much as it may in 24 hours: 500 recipients, with Google Workspace 2,000 messages',
    fixes: [
      {text: 'Wait up to a day; what was not sent stays in the outbox.'},
      {text: 'For more mail send by the SMTP relay of Google Workspace, or by a sending service.'},
    ],
    certainty: 'certain',
    source: 'https://support.google.com/a/answer/166852; woowacourse-teams/2025-ah-madda#635, PHPMailer/PHPMailer#2113',
  },
  {
    id: 'GOOGLE_RELAY_LIMIT',
    provider: 'google',
    protocol: 'smtp',
    steps: ['sender', 'recipient', 'message'],
    match: {text: /^(peak|daily) SMTP relay limit exceeded/i}, // 450 4.2.1
    exitCode: EXIT.tryAgain,
    title: 'Google relays no more mail for now',
    why: 'the organisation has sent as much through the SMTP relay as it may',
    fixes: [{text: 'Wait; what was not sent stays in the outbox.'}],
    certainty: 'certain',
    source: SMTP_ERRORS,
  },
  {
    id: 'GOOGLE_RELAY_DENIED',
    provider: 'google',
    protocol: 'smtp',
    steps: ['sender', 'recipient', 'message'],
    match: {code: '550', detail: '5.7.0', text: /^mail relay denied/i},
    exitCode: EXIT.credentials,
    title: 'Google relays no mail from here',
    why: 'the SMTP relay knows neither the address of this machine nor a login',
    causes: [
      {
        why: 'the address of this machine is not among those that the administrator allowed, or the connection is by IPv6 and only the IPv4 address is',
        check: 'the reply shows the address in brackets',
      },
      {why: 'the relay wants a login, and there was none', check: 'the account has no --user'},
      {
        why: 'the sender is of a domain that the organisation does not have',
        check: 'the domain stands in the Admin console under Domains',
      },
    ],
    fixes: [
      {text: 'An administrator allows the address: Admin console, Gmail, Routing, SMTP relay service.'},
      {text: 'Or give the user name and an app password: --user, --password-stdin.'},
    ],
    certainty: 'likely',
    source: 'seen in public code; Google names them in "SMTP relay service error messages", which was not read',
  },
  {
    id: 'GOOGLE_TRY_AGAIN_LATER',
    provider: 'google',
    protocol: 'smtp',
    steps: ['greeting', 'ehlo', 'login'],
    match: {code: '421', detail: '4.7.0', text: /^try again later, closing connection/i},
    exitCode: EXIT.tryAgain,
    title: 'Google ends the connection',
    why: 'it does not like the name that this machine gives itself, or there are too many connections from here',
    causes: [
      {
        why: 'this machine calls itself localhost or by an address',
        check: 'a full domain name is taken: --ehlo-name mail.acme.example',
      },
      {why: 'there are too many connections from this address', check: 'it works again after some minutes'},
    ],
    fixes: [{text: 'Give a full domain name of this machine: --ehlo-name mail.acme.example.'}, SLOW_DOWN],
    certainty: 'likely',
    source: SMTP_ERRORS,
  },
  {
    id: 'GOOGLE_SENDER_UNAUTHENTICATED',
    provider: 'google',
    protocol: 'smtp',
    steps: ['message'],
    match: {detail: /^[45]\.7\.26$/},
    about: 'message',
    exitCode: EXIT.recipient,
    title: 'Gmail takes no unauthenticated mail',
    why: 'neither SPF nor DKIM proves that the mail is from the domain in From',
    fixes: [
      {text: 'See what is wrong with the domain:', command: 'postdesk email test ADDRESS --only domain'},
      {text: 'Publish SPF for the server that the mail leaves by, and have it signed with DKIM.'},
    ],
    certainty: 'certain',
    source: 'https://support.google.com/mail/answer/81126; RFC 7372 3.4',
  },
  {
    id: 'GOOGLE_IMAP_APP_PASSWORD_NEEDED',
    provider: 'google',
    protocol: 'imap',
    steps: ['login'],
    match: {text: /application-specific password required/i},
    exitCode: EXIT.loginClosed,
    title: 'Google wants an app password',
    why: TWO_STEP,
    fixes: [APP_PASSWORD],
    certainty: 'certain',
    source: 'https://support.google.com/accounts/answer/185833',
  },
  {
    id: 'GOOGLE_IMAP_OFF',
    provider: 'google',
    protocol: 'imap',
    steps: ['login'],
    match: {text: /not enabled for IMAP use/i},
    exitCode: EXIT.loginClosed,
    title: 'IMAP is switched off',
    why: 'the administrator of Google Workspace does not allow IMAP for this account',
    fixes: [
      {
        text: 'An administrator allows it: Google Admin console, Gmail, End User Access, POP and IMAP access; it takes up to a day.',
      },
    ],
    certainty: 'certain',
    source: 'https://support.google.com/a/answer/105694',
  },
  {
    id: 'GOOGLE_IMAP_BROWSER_LOGIN_NEEDED',
    provider: 'google',
    protocol: 'imap',
    steps: ['login'],
    match: [{text: /log in (via|with) your web browser/i}, {detail: 'WEBALERT'}],
    exitCode: EXIT.loginClosed,
    title: 'Google blocks the login',
    why: SUSPICIOUS,
    fixes: [SIGN_IN_ONCE],
    certainty: 'certain',
    source: 'barbushin/php-imap#87, pmengal/MailSystem.NET#17',
  },
  {
    id: 'GOOGLE_IMAP_BAD_CREDENTIALS',
    provider: 'google',
    onlyThere: true, // Zoho says the same.
    protocol: 'imap',
    steps: ['login'],
    match: [{code: 'NO', text: /^invalid credentials ?\(failure\)/i}, {detail: 'AUTHENTICATIONFAILED'}],
    exitCode: EXIT.credentials,
    title: 'Google refuses the login',
    why: 'the app password is wrong or revoked, it is the normal password, or the token has expired',
    causes: [
      ...REFUSED_CAUSES,
      {why: 'the login was with a token, which has expired', check: 'consent was given instead of a password'},
    ],
    fixes: [APP_PASSWORD, {text: 'Use the main address of the account as the user name, not an alias.'}],
    certainty: 'likely',
    source: 'jstedfast/MailKit#377',
  },
  {
    id: 'GOOGLE_IMAP_TOO_MANY_CONNECTIONS',
    provider: 'google',
    protocol: 'imap',
    steps: ['login'],
    match: {detail: 'ALERT', text: /^too many simultaneous connections/i},
    exitCode: EXIT.tryAgain,
    title: 'Google takes no further connection',
    why: 'more than 15 connections are open to this account',
    fixes: [{text: 'Close other mail programs of this account, then try again.'}],
    certainty: 'certain',
    source: 'jstedfast/MailKit#377, zone-eu/wildduck#35',
  },
  {
    id: 'GOOGLE_IMAP_OVER_LIMIT',
    provider: 'google',
    protocol: 'imap',
    steps: ['login', 'mailbox'],
    match: {text: /exceeded command or bandwidth limits/i},
    exitCode: EXIT.tryAgain,
    title: 'Google gives out no more mail for now',
    why: 'more was read by IMAP than Google allows in a day (2,500 MB), or too many commands were sent',
    fixes: [{text: 'Wait up to a day; what was received before is kept.'}],
    certainty: 'certain',
    source: 'https://support.google.com/a/answer/1071518; ljmerza/ha-email-sensor#16',
  },
]
