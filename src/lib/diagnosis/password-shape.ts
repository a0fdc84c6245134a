/**
 * What the shape of a password tells before any server is asked: how the providers' own passwords look, and what people
 * paste in their place. Pure. Only warnings: a server may take what looks odd, and no word says what the password is.
 */
import {passed, warned, type Finding} from '../channel/stage.ts'
import {providerOfHost} from '../discovery/providers.ts'
import {EXIT, type ErrorParts, type Fix} from '../errors.ts'

/** Who we are to a server. */
export interface PasswordUse {
  readonly host: string
  readonly user: string
  /** Id of the provider; null where its host tells, or nobody knows. */
  readonly provider: string | null
}

/** The services whose passwords have a form of their own. */
type Service =
  'google' | 'yahoo' | 'apple' | 'ses' | 'sendgrid' | 'postmark' | 'brevo' | 'mailgun' | 'resend' | 'zeptomail'

/** By their ids in the table of providers. */
const SERVICES: Readonly<Record<string, Service>> = {
  gmail: 'google',
  'google-workspace': 'google',
  yahoo: 'yahoo',
  aol: 'yahoo',
  icloud: 'apple',
  'icloud-own-domain': 'apple',
  'amazon-ses': 'ses',
  sendgrid: 'sendgrid',
  postmark: 'postmark',
  brevo: 'brevo',
  mailgun: 'mailgun',
  'mailgun-eu': 'mailgun',
  resend: 'resend',
  zeptomail: 'zeptomail',
  'zeptomail-eu': 'zeptomail',
  'zeptomail-in': 'zeptomail',
}

/** The hosts of IMAP, which the table does not have, and the relay of Google Workspace. */
const MORE_HOSTS: Readonly<Record<string, Service>> = {
  'imap.gmail.com': 'google',
  'smtp-relay.gmail.com': 'google',
  'imap.mail.yahoo.com': 'yahoo',
  'imap.aol.com': 'yahoo',
  'imap.mail.me.com': 'apple',
}

const NAMES: Readonly<Record<Service, string>> = {
  google: 'Google',
  yahoo: 'Yahoo',
  apple: 'Apple',
  ses: 'Amazon SES',
  sendgrid: 'SendGrid',
  postmark: 'Postmark',
  brevo: 'Brevo',
  mailgun: 'Mailgun',
  resend: 'Resend',
  zeptomail: 'ZeptoMail',
}

/** Services at which every password has the form that is asked for here. */
const OF_ONE_FORM: ReadonlySet<Service> = new Set(['google', 'yahoo', 'apple', 'ses', 'sendgrid', 'resend'])

/** What is looked at. */
interface Login {
  readonly password: string
  /** Without any white space: how a password looks that was pasted with some. */
  readonly bare: string
  readonly user: string
}

/** One thing that can be odd about a password. */
interface Smell {
  /** At which services; left out: everywhere. */
  readonly at?: Service
  readonly smells: (login: Login) => boolean
  readonly code: string
  readonly title: string
  readonly why: string
  readonly fixes: readonly Fix[]
}

const AGAIN: Fix = {text: 'Give the password again, as it is.'}
const SES_CREDENTIALS: Fix = {
  text: 'Create SMTP credentials, a user and a password, at Amazon SES > SMTP settings in the region of the host.',
}

/** Passwords that say whose they are. */
const SIXTEEN_LETTERS = /^[a-z]{16}$/i
/** abcd-efgh-ijkl-mnop. */
const APPLE = /^[a-z]{4}(-[a-z]{4}){3}$/i
/** AWS, "Understanding unique identifiers": AKIA for access keys, ASIA for temporary ones. */
const AWS_KEY_ID = /^A[KS]IA[A-Z0-9]{12,}$/
const AWS_SECRET_KEY = /^[A-Za-z0-9/+]{40}$/
/**
 * 33 bytes in base64: a version and a SHA-256. The version is 4, so that it begins with B; until 10 January 2019 it was 2,
 * and it began with A (docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html).
 */
const SES_PASSWORD = /^[AB][A-Za-z0-9/+]{43}$/
/** 69 characters (twilio.com/docs/sendgrid, "Upgrade your authentication method to API keys"). */
const SENDGRID_KEY = /^SG\.[\w-]{10,}\.[\w-]{10,}$/
const BREVO_API_KEY = /^xkeysib-/
const BREVO_SMTP_KEY = /^xsmtpsib-/
const RESEND_KEY = /^re_\w{10,}$/
const MAILGUN_API_KEY = /^key-[0-9a-z]{32}$/i
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** How ZeptoMail's token stands in the header of its HTTP API. */
const ZEPTOMAIL_HEADER = /^Zoho-enczapikey\s/i
/** Shorter passwords of ZeptoMail have users of their own. */
const ZEPTOMAIL_TOKEN_LENGTH = 60

/** Keys that cannot be taken for a password that somebody has chosen. */
const KEYS: readonly (readonly [Service, RegExp])[] = [
  ['sendgrid', SENDGRID_KEY],
  ['brevo', BREVO_API_KEY],
  ['brevo', BREVO_SMTP_KEY],
  ['resend', RESEND_KEY],
  ['mailgun', MAILGUN_API_KEY],
]

/** What was meant to lead to the password, and was taken for it. The surest first. */
const PASTED: readonly Smell[] = [
  {
    smells: ({password}) => password === '',
    code: 'PASSWORD_EMPTY',
    title: 'The password is empty',
    why: 'no server takes an empty password',
    fixes: [{text: 'See whether the file, the variable or the program that gives it is empty, then give it again.'}],
  },
  {
    // References of postdesk, and of 1Password.
    smells: ({bare}) => /^(env|file|cmd|keychain|vault|op):\S/.test(bare),
    code: 'PASSWORD_IS_REFERENCE',
    title: 'The password looks like a reference to one',
    why: 'what says where a password is was kept as the password itself',
    fixes: [{text: 'Give the reference by --password-ref, or bind it:', command: 'postdesk secret bind NAME REF'}],
  },
  {
    smells: ({bare}) =>
      /^(\$\{[^}]+\}|\$[A-Z][A-Z0-9_]{2,}|%[A-Z][A-Z0-9_]{2,}%|\$\([^)]+\)|\{\{.+\}\}|<[^<>]+>)$/.test(bare),
    code: 'PASSWORD_IS_PLACEHOLDER',
    title: 'The password looks like the name of a variable, or a placeholder',
    why: 'nobody put the value in its place: between single quotes, and in files, a shell does not',
    fixes: [{text: 'Give the value itself, or name the variable by --password-env VAR.'}],
  },
  {
    smells: ({bare}) =>
      /^(~|\.{1,2})\/[\w./-]+$|^\/(run|home|etc|var|tmp|root|srv|opt|mnt|Users|secrets)\/[\w./-]+$|^[A-Za-z]:\\[\w\\.-]+$|^[\w./-]+\.(txt|env|key|pem|json|secret)$/.test(
        bare,
      ),
    code: 'PASSWORD_IS_FILE_NAME',
    title: 'The password looks like the name of a file',
    why: 'the file holds the password, and its name was given',
    fixes: [{text: 'Name the file by --password-file PATH, or keep a reference: --password-ref file:PATH.'}],
  },
  {
    smells: ({bare}) => /^(\*{3,}|[•●·]{3,}|x{6,}|\[(secret|redacted|hidden)\])$/i.test(bare),
    code: 'PASSWORD_IS_MASK',
    title: 'The password looks like what hides one',
    why: 'it was copied from where it is shown as dots or stars',
    fixes: [{text: 'Have it shown first, or copy it with the button for that, then give it again.'}],
  },
  {
    smells: ({password}) => /^\s*(?:"[^"]+"|'[^']+'|`[^`]+`|“[^”]+”|‘[^’]+’|«[^»]+»)\s*$/.test(password),
    code: 'PASSWORD_IN_QUOTES',
    title: 'The password stands in quotation marks',
    why: 'they were taken for a part of it',
    fixes: [{text: 'Give it again without them.'}],
  },
]

/** What the services say of the passwords that they give out. */
const OF_SERVICES: readonly Smell[] = [
  {
    // support.google.com/accounts/answer/185833. Google's SMTP takes it so, its IMAP does not: freescout#5401.
    at: 'google',
    smells: ({password, bare}) => password !== bare && SIXTEEN_LETTERS.test(bare),
    code: 'PASSWORD_WITH_SPACES',
    title: 'The app password has blanks in it',
    why: 'Google shows its 16 letters in groups; the blanks between them are not part of it',
    fixes: [{text: 'Give it again without them: the 16 letters alone.'}],
  },
  {
    at: 'google',
    smells: ({bare}) => !SIXTEEN_LETTERS.test(bare),
    code: 'PASSWORD_NOT_APP_PASSWORD',
    title: 'The password does not look like an app password of Google',
    why: 'Google takes only app passwords, which have 16 letters and nothing else; that of the account is always refused',
    fixes: [
      {text: 'Make an app password at https://myaccount.google.com/apppasswords; it needs 2-Step Verification.'},
      AGAIN,
    ],
  },
  {
    at: 'yahoo',
    smells: ({bare}) => !SIXTEEN_LETTERS.test(bare),
    code: 'PASSWORD_NOT_APP_PASSWORD',
    title: 'The password does not look like an app password of Yahoo or AOL',
    why: 'they take only app passwords, which have 16 letters; that of the account is refused, and locks it for a while',
    fixes: [
      {text: 'Make an app password: account security of Yahoo or AOL > External connections > Create app password.'},
      AGAIN,
    ],
  },
  {
    at: 'yahoo',
    smells: ({password, bare}) => password !== bare,
    code: 'PASSWORD_WITH_SPACES',
    title: 'The app password has blanks in it',
    why: 'its 16 letters are the whole of it',
    fixes: [{text: 'Give it again without blanks.'}],
  },
  {
    // support.apple.com/102654.
    at: 'apple',
    smells: ({bare}) => SIXTEEN_LETTERS.test(bare),
    code: 'PASSWORD_WITHOUT_HYPHENS',
    title: 'The app-specific password lacks its hyphens',
    why: 'Apple gives it out as four groups of four letters, and the hyphens between them belong to it',
    fixes: [{text: 'Give it again with the hyphens.'}],
  },
  {
    at: 'apple',
    smells: ({bare}) => !APPLE.test(bare),
    code: 'PASSWORD_NOT_APP_PASSWORD',
    title: 'The password does not look like an app-specific password of Apple',
    why: 'Apple takes only those, which are four groups of four letters with hyphens between; that of the account is refused',
    fixes: [
      {
        text: 'Make one at https://account.apple.com > Sign-In and Security > App-Specific Passwords; it needs two-factor authentication.',
      },
      AGAIN,
    ],
  },
  {
    at: 'ses',
    smells: ({bare}) => AWS_KEY_ID.test(bare),
    code: 'PASSWORD_IS_USER_NAME',
    title: 'The password looks like the id of an access key',
    why: 'the id is the user name of Amazon SES; its password is another value',
    fixes: [
      {
        text: 'Create SMTP credentials at Amazon SES > SMTP settings, in the region of the host: a user and a password.',
      },
    ],
  },
  {
    at: 'ses',
    smells: ({bare}) => AWS_SECRET_KEY.test(bare),
    code: 'PASSWORD_IS_SECRET_KEY',
    title: 'The password looks like the secret key of an IAM user',
    why: 'the secret key is for the HTTP API; the SMTP password is derived from it for one region, and has 44 characters',
    fixes: [
      SES_CREDENTIALS,
      {text: 'Or derive one from the secret key: https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html'},
    ],
  },
  {
    at: 'ses',
    smells: ({bare}) => !SES_PASSWORD.test(bare),
    code: 'PASSWORD_NOT_SMTP_PASSWORD',
    title: 'The password does not look like an SMTP password of Amazon SES',
    why: 'SMTP passwords have 44 characters, are made for one region, and begin with B',
    fixes: [SES_CREDENTIALS, AGAIN],
  },
  {
    // "Don't use temporary AWS credentials to derive SMTP credentials", the same page.
    at: 'ses',
    smells: ({user}) => user.startsWith('ASIA'),
    code: 'PASSWORD_TEMPORARY',
    title: 'The credentials are temporary ones',
    why: 'Amazon SES takes none over SMTP that were derived from temporary credentials',
    fixes: [SES_CREDENTIALS],
  },
  {
    at: 'ses',
    smells: ({user}) => !AWS_KEY_ID.test(user),
    code: 'PASSWORD_FOR_OTHER_USER',
    title: 'The user does not look like one of Amazon SES',
    why: 'the SMTP user is the id of an access key, which begins with AKIA, not the name of an IAM user and no address',
    fixes: [{text: 'Use the user that is shown with the SMTP credentials, or in the file that AWS offers with them.'}],
  },
  {
    // twilio.com/docs/sendgrid, "Integrating with the SMTP API".
    at: 'sendgrid',
    smells: ({bare, user}) => !SENDGRID_KEY.test(bare) && SENDGRID_KEY.test(user.trim()),
    code: 'PASSWORD_AND_USER_SWAPPED',
    title: "User and password are in each other's place",
    why: 'the API key is the password of SendGrid, and the user is literally apikey',
    fixes: [{text: 'Set the user to apikey, and give the API key as the password.'}],
  },
  {
    at: 'sendgrid',
    smells: ({bare}) => !SENDGRID_KEY.test(bare),
    code: 'PASSWORD_NOT_API_KEY',
    title: 'The password does not look like an API key of SendGrid',
    why: 'SendGrid takes only API keys, which have 69 characters and begin with SG.; those of accounts ended in 2020',
    fixes: [{text: 'Make an API key with Mail Send at https://app.sendgrid.com/settings/api_keys.'}, AGAIN],
  },
  {
    at: 'sendgrid',
    smells: ({user}) => user !== 'apikey',
    code: 'PASSWORD_FOR_OTHER_USER',
    title: 'The user is not the one that goes with an API key',
    why: 'with an API key the user of SendGrid is literally apikey',
    fixes: [{text: 'Set the user to apikey.'}],
  },
  {
    // resend.com/docs/send-with-smtp.
    at: 'resend',
    smells: ({bare}) => !RESEND_KEY.test(bare),
    code: 'PASSWORD_NOT_API_KEY',
    title: 'The password does not look like an API key of Resend',
    why: 'Resend takes only API keys, which begin with re_',
    fixes: [{text: 'Make an API key at https://resend.com/api-keys.'}, AGAIN],
  },
  {
    at: 'resend',
    smells: ({user}) => user !== 'resend',
    code: 'PASSWORD_FOR_OTHER_USER',
    title: 'The user is not the one that goes with an API key',
    why: 'the user of Resend is literally resend',
    fixes: [{text: 'Set the user to resend.'}],
  },
  {
    // postmarkapp.com/support/article/811 and 1008. An SMTP token has two parts that differ, neither of which is a UUID.
    at: 'postmark',
    smells: ({bare, user}) => bare !== user.trim() && (UUID.test(bare) || UUID.test(user.trim())),
    code: 'PASSWORD_FOR_OTHER_USER',
    title: 'User and password of Postmark differ',
    why: 'a server API token is both of them, and one of the two looks like such a token',
    fixes: [
      {text: 'Give the same token as the user and as the password: the server > API Tokens.'},
      {text: 'Or both parts of one SMTP token: the message stream > Settings.'},
    ],
  },
  {
    // help.brevo.com/hc/en-us/articles/7959631848850. The master password has no prefix, so its lack tells nothing.
    at: 'brevo',
    smells: ({bare}) => BREVO_API_KEY.test(bare),
    code: 'PASSWORD_IS_API_KEY',
    title: 'The password looks like an API key of Brevo',
    why: 'over SMTP Brevo takes only SMTP keys, which begin with xsmtpsib-; an API key is refused',
    fixes: [{text: 'Make an SMTP key at https://app.brevo.com/settings/keys/smtp.'}, AGAIN],
  },
  {
    // help.mailgun.com/hc/en-us/articles/203380100.
    at: 'mailgun',
    smells: ({bare}) => MAILGUN_API_KEY.test(bare),
    code: 'PASSWORD_IS_API_KEY',
    title: 'The password looks like an API key of Mailgun',
    why: 'over SMTP Mailgun takes the SMTP credentials of the domain; an API key is refused',
    fixes: [{text: 'Reset the password of the SMTP user: Sending > Domain settings > SMTP credentials.'}, AGAIN],
  },
  {
    at: 'mailgun',
    smells: ({user}) => !user.includes('@'),
    code: 'PASSWORD_FOR_OTHER_USER',
    title: 'The user does not look like one of Mailgun',
    why: 'the SMTP user is a whole address at the sending domain, such as postmaster@mg.acme.example',
    fixes: [{text: 'Use the user that stands at Sending > Domain settings > SMTP credentials.'}],
  },
  {
    at: 'zeptomail',
    smells: ({password}) => ZEPTOMAIL_HEADER.test(password),
    code: 'PASSWORD_IS_HEADER',
    title: 'The password looks like the header of the HTTP API',
    why: 'the first word of it is not part of the token',
    fixes: [{text: 'Give it again without the first word: the token alone.'}],
  },
  {
    // zoho.com/zeptomail/help/smtp-home.html; the sender's address is taken, too.
    at: 'zeptomail',
    smells: ({bare, user}) => bare.length >= ZEPTOMAIL_TOKEN_LENGTH && user !== 'emailapikey' && !user.includes('@'),
    code: 'PASSWORD_FOR_OTHER_USER',
    title: 'The user is not the one that goes with a send mail token',
    why: 'with a token the user of ZeptoMail is literally emailapikey, or the address that mail is sent from',
    fixes: [{text: 'Set the user to emailapikey.'}],
  },
]

/** What is odd at any server, and less sure. */
const ANYWHERE: readonly Smell[] = [
  {
    smells: ({password}) => password !== password.trim(),
    code: 'PASSWORD_WHITE_SPACE',
    title: 'The password begins or ends with white space',
    why: 'a blank or a line break was probably copied along',
    fixes: [{text: 'Give it again without. Where it comes from a file or a program, see what that ends with.'}],
  },
  {
    smells: ({password}) => /\p{Cc}/u.test(password),
    code: 'PASSWORD_CONTROL_CHARACTERS',
    title: 'The password has control characters in it',
    why: 'a line break or a tab: more was copied than the password, or several lines were',
    fixes: [AGAIN],
  },
  {
    smells: ({password, user}) => password === user && !UUID.test(user),
    code: 'PASSWORD_IS_USER_NAME',
    title: 'The password is the user name',
    why: 'the user was probably given twice',
    fixes: [AGAIN],
  },
  {
    // RFC 4616 2 asks for UTF-8, and for a normal form that servers seldom make.
    smells: ({password}) => /[^\0-\x7f]/.test(password),
    code: 'PASSWORD_NOT_ASCII',
    title: 'The password has characters beyond ASCII',
    why: 'servers disagree on how they are encoded: one that works in a browser may be refused here',
    fixes: [
      {text: 'If the login is refused, choose a password of plain letters, digits and signs at the provider.'},
      {text: 'See whether one of them is a lookalike that an editor put in, such as a long dash or a fixed blank.'},
    ],
  },
]

/** What the password looks like: nothing odd, or the oddest thing about it. */
export function judgePassword(password: string, {host, user, provider}: PasswordUse): Finding {
  const service = serviceOf(provider, host)
  const login: Login = {password, bare: password.replaceAll(/\s/g, ''), user}
  const found =
    PASTED.find(({smells}) => smells(login)) ??
    foreignKey(login, service) ??
    OF_SERVICES.find(({at, smells}) => at === service && smells(login)) ??
    ANYWHERE.find(({smells}) => smells(login))
  const evidence = {service: service === null ? null : NAMES[service]}
  if (found) return warned(partsOf(found), evidence)
  return passed(
    service !== null && OF_ONE_FORM.has(service)
      ? `The password has the form that ${NAMES[service]} gives out`
      : 'Nothing is odd about the password',
    evidence,
  )
}

function serviceOf(provider: string | null, host: string): Service | null {
  const name = host.toLowerCase()
  return SERVICES[provider ?? providerOfHost(name)?.id ?? ''] ?? MORE_HOSTS[name] ?? null
}

/** A key that says itself that it belongs to another service than the server's. Null too where nobody knows the server's. */
function foreignKey({bare}: Login, service: Service | null): Smell | null {
  const [owner] = KEYS.find(([, form]) => form.test(bare)) ?? []
  if (owner === undefined || service === null || owner === service) return null
  return {
    smells: () => true,
    code: 'PASSWORD_OF_OTHER_SERVICE',
    title: `The password looks like a key of ${NAMES[owner]}`,
    why: `the server is one of ${NAMES[service]}, which does not know it`,
    fixes: [
      {text: `Give the password of ${NAMES[service]}, or set the host to that of ${NAMES[owner]}.`},
      {text: `Where the key was given by mistake, a server of ${NAMES[service]} may have seen it: make a new one.`},
    ],
  }
}

const partsOf = ({code, title, why, fixes}: Smell): ErrorParts => ({
  code,
  exitCode: EXIT.credentials,
  title,
  why,
  fixes,
  certainty: 'likely',
})
