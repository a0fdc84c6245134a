/** What the token endpoints of Microsoft and Google say: OAuth 2.0, RFC 6749 5.2. */
import {EXIT, type ExitCode, type Fix} from '../../errors.ts'
import type {ReplyRow} from './row.ts'

/** "Microsoft Entra authentication and authorization error codes". */
const ENTRA = 'https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes'
const GOOGLE_OAUTH = 'https://developers.google.com/identity/protocols/oauth2'
const RFC_6749 = 'RFC 6749 5.2'

const CONSENT_AGAIN: Fix = {text: 'Give consent again.'}
const ASK_ADMIN: Fix = {text: 'Ask an administrator: the sign-in log of the user names the policy.'}
const NEW_SECRET: Fix = {
  text: 'In the app registration (entra.microsoft.com, Certificates & secrets) make a new client secret, and store its value, not its id.',
}

/** A row for errors of Microsoft, whose code says what is meant. */
const entra = (
  id: string,
  codes: readonly number[],
  title: string,
  why: string,
  fixes: readonly Fix[],
  exitCode: ExitCode = EXIT.loginClosed,
): ReplyRow => ({
  id,
  provider: 'microsoft',
  protocol: 'oauth',
  steps: ['token'],
  match: {detail: new RegExp(`^AADSTS(${codes.join('|')})$`)},
  exitCode,
  title,
  why,
  fixes,
  certainty: 'certain',
  source: ENTRA,
})

const MICROSOFT_TOKENS: readonly ReplyRow[] = [
  entra('MS_TOKEN_SECRET_EXPIRED', [7000222], 'Microsoft gives no token', 'the client secret of the app has expired', [
    NEW_SECRET,
  ]),
  entra('MS_TOKEN_SECRET_WRONG', [7000215], 'Microsoft gives no token', 'the client secret of the app is wrong', [
    NEW_SECRET,
  ]),
  entra(
    'MS_TOKEN_APP_UNKNOWN',
    [700016],
    'Microsoft gives no token',
    'the organisation does not know the app: its id is wrong, it is in another organisation, or nobody has consented to it',
    [
      {text: 'Compare the application (client) id and the directory (tenant) id with the app registration.'},
      CONSENT_AGAIN,
    ],
  ),
  entra('MS_TOKEN_TENANT_UNKNOWN', [90002], 'Microsoft gives no token', 'there is no organisation of this id or name', [
    {text: 'Compare the directory (tenant) id with the app registration.'},
  ]),
  entra('MS_TOKEN_CODE_USED', [54005], 'Microsoft gives no token', 'the code of the consent was used before', [
    CONSENT_AGAIN,
  ]),
  entra('MS_TOKEN_INVALID', [70000], 'Microsoft gives no token', 'the consent that was kept is not valid', [
    CONSENT_AGAIN,
  ]),
  entra(
    'MS_TOKEN_UNUSED',
    [700082, 70008],
    'Microsoft gives no token',
    'the consent has expired because it was not used for a long time, mostly 90 days',
    [CONSENT_AGAIN],
  ),
  entra(
    'MS_TOKEN_REVOKED',
    [50173, 50132, 50133],
    'Microsoft gives no token',
    'the consent was taken back: the password was changed, or the user or an administrator ended all sessions',
    [CONSENT_AGAIN],
  ),
  entra(
    'MS_TOKEN_SIGN_IN_FREQUENCY',
    [70043],
    'Microsoft gives no token',
    'a policy of the organisation ends consents after a time',
    [CONSENT_AGAIN, ASK_ADMIN],
  ),
  entra(
    'MS_TOKEN_SECOND_FACTOR_NEEDED',
    [50076, 50074, 50078],
    'Microsoft gives no token',
    'the organisation wants a second factor',
    [CONSENT_AGAIN],
  ),
  entra(
    'MS_TOKEN_SECOND_FACTOR_MISSING',
    [50079, 50072],
    'Microsoft gives no token',
    'the organisation wants a second factor, and the user has registered none',
    [{text: 'The user registers one: https://aka.ms/mfasetup'}, CONSENT_AGAIN],
  ),
  entra(
    'MS_TOKEN_CONSENT_MISSING',
    [65001],
    'Microsoft gives no token',
    'neither the user nor an administrator has consented to the app',
    [CONSENT_AGAIN],
  ),
  entra('MS_TOKEN_CONSENT_DECLINED', [65004], 'Microsoft gives no token', 'the user declined the consent', [
    CONSENT_AGAIN,
  ]),
  entra(
    'MS_TOKEN_ADMIN_CONSENT_NEEDED',
    [90094, 90095],
    'Microsoft gives no token',
    'in this organisation only an administrator may consent to the app',
    [
      {
        text: 'An administrator consents: entra.microsoft.com, Enterprise applications, Permissions, Grant admin consent.',
      },
    ],
  ),
  entra(
    'MS_TOKEN_CONDITIONAL_ACCESS',
    [53003, 530032, 53000, 53001, 53002, 50005, 50131],
    'Microsoft gives no token',
    'conditional access of the organisation blocks it',
    [ASK_ADMIN],
  ),
  entra(
    'MS_TOKEN_SECURITY_DEFAULTS',
    [530035],
    'Microsoft gives no token',
    'the security defaults of the organisation block it',
    [ASK_ADMIN],
  ),
  entra(
    'MS_TOKEN_USER_UNKNOWN',
    [50034, 51004, 50020],
    'Microsoft gives no token',
    'the user is not known in this organisation',
    [{text: 'Check the address, and the directory (tenant) id: a personal account needs another one.'}],
    EXIT.credentials,
  ),
  entra(
    'MS_TOKEN_CREDENTIALS_WRONG',
    [50126, 50056, 50064],
    'Microsoft gives no token',
    'the user name or the password is wrong',
    [{text: 'Check both in a browser.'}],
    EXIT.credentials,
  ),
  entra(
    'MS_TOKEN_ACCOUNT_LOCKED',
    [50053],
    'Microsoft gives no token',
    'the account is locked after too many wrong logins, or the address of this machine is',
    [{text: 'Wait, then sign in once in a browser.'}, ASK_ADMIN],
  ),
  entra('MS_TOKEN_PASSWORD_EXPIRED', [50055, 50144], 'Microsoft gives no token', 'the password has expired', [
    {text: 'Set a new one in a browser.'},
    CONSENT_AGAIN,
  ]),
  entra('MS_TOKEN_ACCOUNT_DISABLED', [50057], 'Microsoft gives no token', 'the account is disabled', [
    {text: 'An administrator enables it.'},
  ]),
  entra(
    'MS_TOKEN_SCOPE_INVALID',
    [70011, 28002, 28003, 650053],
    'Microsoft gives no token',
    'a permission that is asked for does not exist, or is mixed with those of another service',
    [{text: 'Ask for those of https://outlook.office.com alone, such as https://outlook.office.com/SMTP.Send.'}],
  ),
  entra(
    'MS_TOKEN_LATER',
    [50033, 50087, 90006, 90012, 90024, 90033, 90055, 90090],
    'Microsoft gives no token now',
    'Microsoft has a problem of its own, or is asked too often',
    [{text: 'Run the same command again in some minutes.'}],
    EXIT.tryAgain,
  ),
  {
    id: 'MS_TOKEN_REFUSED',
    provider: 'microsoft',
    protocol: 'oauth',
    steps: ['token'],
    match: {detail: /^AADSTS\d+$/},
    exitCode: EXIT.loginClosed,
    title: 'Microsoft gives no token',
    why: 'Microsoft refuses for a reason that its code names',
    fixes: [{text: 'Look the code up: https://login.microsoftonline.com/error'}, CONSENT_AGAIN],
    certainty: 'likely',
    source: ENTRA,
  },
]

const GOOGLE_TOKENS: readonly ReplyRow[] = [
  {
    id: 'GOOGLE_TOKEN_REVOKED',
    provider: 'google',
    protocol: 'oauth',
    steps: ['token'],
    match: {code: 'invalid_grant', text: /expired or revoked/i},
    exitCode: EXIT.loginClosed,
    title: 'Google gives no token',
    why: 'the consent has ended; Google does not say why',
    causes: [
      {
        why: 'the app is in testing, where a consent ends after seven days',
        check: 'console.cloud.google.com, OAuth consent screen: "Publishing status" is "Testing"',
      },
      {why: 'the password of the account was changed', check: 'the account shows when, under Security'},
      {why: 'the user took the consent back', check: 'https://myaccount.google.com/connections does not list the app'},
      {why: 'it was not used for six months', check: 'the last sync was long ago'},
      {why: 'more than 100 consents were given to the same app', check: 'consent was given again and again'},
    ],
    fixes: [
      CONSENT_AGAIN,
      {text: 'Where it ends every week, publish the app, or make it "Internal" in Google Workspace.'},
    ],
    certainty: 'likely',
    source: `${GOOGLE_OAUTH} (refresh token expiration)`,
  },
  {
    id: 'GOOGLE_TOKEN_CLOCK',
    provider: 'google',
    protocol: 'oauth',
    steps: ['token'],
    match: {code: 'invalid_grant', text: /invalid JWT/i},
    exitCode: EXIT.loginClosed,
    title: 'Google gives no token',
    why: 'the signed request of the service account is not valid: mostly the clock of this machine is wrong',
    causes: [
      {why: 'the clock of this machine is wrong', check: 'it differs from https://time.is by more than some minutes'},
      {why: 'the key of the service account was deleted', check: 'the console still lists its id'},
    ],
    fixes: [{text: 'Set the clock of this machine.'}, {text: 'Else make a new key for the service account.'}],
    certainty: 'likely',
    source: `${GOOGLE_OAUTH}/service-account (error codes)`,
  },
  {
    id: 'GOOGLE_TOKEN_CODE_USED',
    provider: 'google',
    protocol: 'oauth',
    steps: ['token'],
    match: {code: 'invalid_grant', text: /bad request|malformed auth code/i},
    exitCode: EXIT.loginClosed,
    title: 'Google gives no token',
    why: 'the code of the consent was used before, is too old, or was not copied whole',
    fixes: [CONSENT_AGAIN],
    certainty: 'likely',
    source: 'seen in public issues; no document of Google was read that has these words',
  },
  {
    id: 'GOOGLE_TOKEN_USER_UNKNOWN',
    provider: 'google',
    protocol: 'oauth',
    steps: ['token'],
    match: {code: 'invalid_grant', text: /account not found|invalid email or user id/i},
    exitCode: EXIT.loginClosed,
    title: 'Google gives no token',
    why: 'the address that the service account acts for has no mailbox',
    fixes: [{text: 'Use the main address of the user, not an alias or a group.'}],
    certainty: 'likely',
    source: `${GOOGLE_OAUTH}/service-account (error codes)`,
  },
  {
    id: 'GOOGLE_TOKEN_DELEGATION_MISSING',
    provider: 'google',
    protocol: 'oauth',
    steps: ['token'],
    match: {code: 'unauthorized_client', text: /unauthorized to retrieve access tokens/i},
    exitCode: EXIT.loginClosed,
    title: 'Google gives no token',
    why: 'the service account may not act for users of the domain with these scopes',
    fixes: [
      {
        text: 'An administrator allows its client id: admin.google.com, Security, API controls, Domain-wide delegation.',
      },
    ],
    certainty: 'certain',
    source: `${GOOGLE_OAUTH}/service-account (error codes)`,
  },
  {
    id: 'GOOGLE_TOKEN_CLIENT_UNKNOWN',
    provider: 'google',
    protocol: 'oauth',
    steps: ['token'],
    match: {text: /OAuth client was (not found|deleted)/i},
    exitCode: EXIT.loginClosed,
    title: 'Google gives no token',
    why: 'the OAuth client was deleted, or its id is wrong',
    fixes: [{text: 'Make a client of the kind "Desktop app" and give its file: --client-file FILE.'}],
    certainty: 'certain',
    source: 'the words themselves; seen in public issues',
  },
  {
    id: 'GOOGLE_TOKEN_POLICY',
    provider: 'google',
    protocol: 'oauth',
    steps: ['token'],
    match: {code: /^(admin_policy_enforced|org_internal)$/},
    exitCode: EXIT.loginClosed,
    title: 'Google gives no token',
    why: 'the organisation does not allow the app, or the app is for another organisation only',
    fixes: [
      {text: 'An administrator trusts its client id: admin.google.com, Security, API controls, App access control.'},
    ],
    certainty: 'certain',
    source: `${GOOGLE_OAUTH}/native-app (authorization errors)`,
  },
]

/** What RFC 6749 defines, whoever says it. */
const ANY_TOKENS: readonly ReplyRow[] = [
  {
    id: 'OAUTH_INVALID_GRANT',
    provider: null,
    protocol: 'oauth',
    steps: ['token'],
    match: {code: /^(invalid_grant|interaction_required|login_required|consent_required)$/},
    exitCode: EXIT.loginClosed,
    title: 'There is no token',
    why: 'the consent has ended, was taken back, or is of another app',
    fixes: [CONSENT_AGAIN],
    certainty: 'likely',
    source: RFC_6749,
  },
  {
    id: 'OAUTH_INVALID_CLIENT',
    provider: null,
    protocol: 'oauth',
    steps: ['token'],
    match: {code: /^(invalid_client|unauthorized_client)$/},
    exitCode: EXIT.loginClosed,
    title: 'There is no token',
    why: 'the app is not known, its secret is wrong, or it may not ask in this way',
    fixes: [{text: 'Compare the id and the secret of the app with its registration.'}],
    certainty: 'likely',
    source: RFC_6749,
  },
  {
    id: 'OAUTH_INVALID_SCOPE',
    provider: null,
    protocol: 'oauth',
    steps: ['token'],
    match: {code: 'invalid_scope'},
    exitCode: EXIT.loginClosed,
    title: 'There is no token',
    why: 'a permission that is asked for does not exist, or the app may not ask for it',
    fixes: [{text: 'Add the permission to the registration of the app, then give consent again.'}],
    certainty: 'certain',
    source: RFC_6749,
  },
  {
    id: 'OAUTH_ACCESS_DENIED',
    provider: null,
    protocol: 'oauth',
    steps: ['token'],
    match: {code: 'access_denied'},
    exitCode: EXIT.loginClosed,
    title: 'There is no consent',
    why: 'the user or a policy refused it',
    causes: [
      {why: 'the user pressed Cancel', check: 'ask who gave the consent'},
      {
        why: 'the app is in testing, and the user is not among its test users',
        check: 'the page of the provider said so',
      },
      {why: 'a policy of the organisation forbids the app', check: 'an administrator can give the consent'},
    ],
    fixes: [CONSENT_AGAIN],
    certainty: 'likely',
    source: 'RFC 6749 4.1.2.1',
  },
  {
    id: 'OAUTH_LATER',
    provider: null,
    protocol: 'oauth',
    steps: ['token'],
    match: {code: /^(temporarily_unavailable|server_error)$/},
    exitCode: EXIT.tryAgain,
    title: 'There is no token now',
    why: 'the provider has a problem of its own',
    fixes: [{text: 'Run the same command again in some minutes.'}],
    certainty: 'certain',
    source: 'RFC 6749 4.1.2.1',
  },
]

export const TOKEN_ROWS: readonly ReplyRow[] = [...MICROSOFT_TOKENS, ...GOOGLE_TOKENS, ...ANY_TOKENS]
