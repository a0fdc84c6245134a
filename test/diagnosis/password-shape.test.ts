import assert from 'node:assert/strict'
import {createHmac, randomBytes} from 'node:crypto'
import {test} from 'node:test'
import {judgePassword} from '../../src/lib/diagnosis/password-shape.ts'

const GOOGLE = {host: 'smtp.gmail.com', user: 'help@acme.example'}
const YAHOO = {host: 'smtp.mail.yahoo.com', user: 'acme@yahoo.com'}
const APPLE = {host: 'smtp.mail.me.com', user: 'acme@icloud.com'}
const SES = {host: 'email-smtp.eu-west-1.amazonaws.com', user: 'AKIAIOSFODNN7EXAMPLE'}
const SENDGRID = {host: 'smtp.sendgrid.net', user: 'apikey'}
const POSTMARK = {host: 'smtp.postmarkapp.com', user: '74ef518e-2dfa-451d-b9cf-2843608f789a'}
const BREVO = {host: 'smtp-relay.brevo.com', user: 'b91adf001@smtp-brevo.com'}
const MAILGUN = {host: 'smtp.eu.mailgun.org', user: 'postmaster@mg.acme.example'}
const RESEND = {host: 'smtp.resend.com', user: 'resend'}
const ZEPTOMAIL = {host: 'smtp.zeptomail.eu', user: 'emailapikey'}
const OWN = {host: 'mail.acme.example', user: 'help@acme.example'}

/** The SMTP password of a secret key, as Amazon documents it (docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html). */
function sesPassword(secretKey: string, version = 0x04): string {
  const sign = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const steps = ['11111111', 'eu-west-1', 'ses', 'aws4_request', 'SendRawEmail']
  const signature = steps.reduce<string | Buffer>((key, text) => sign(key, text), `AWS4${secretKey}`)
  return Buffer.concat([Buffer.from([version]), signature as Buffer]).toString('base64')
}

const SENDGRID_KEY = ['SG', 'a1B2c3D4e5F6g7H8i9J0-_', 'k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6a7B8c9D0e1F'].join('.')
const AWS_SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const BREVO_KEY = `${'0a'.repeat(32)}-Ab1Cd2Ef3Gh4Ij5K`
const ZEPTOMAIL_TOKEN = 'PHtE6r1cReq4jzN89BhU4PW4Fcb3MYx8qu9jeVZOuYtGW/4AT01crtp4wGe2rBwqBvIWRvKYzto9suudtu'

type Case = readonly [what: string, password: string, login: {readonly host: string; readonly user: string}]

/** By the code of what is found. */
const ODD: Readonly<Record<string, readonly Case[]>> = {
  PASSWORD_EMPTY: [['nothing', '', OWN]],
  PASSWORD_IS_REFERENCE: [
    ['a reference to a variable', 'env:SMTP_PASSWORD', OWN],
    ['a reference to a file', 'file:/run/secrets/smtp', GOOGLE],
    ['a reference to a program', 'cmd:["pass","show","smtp"]', OWN],
    ['a reference of 1Password', 'op://mail/smtp/password', OWN],
  ],
  PASSWORD_IS_PLACEHOLDER: [
    ['a variable of a shell', '$SMTP_PASSWORD', OWN],
    ['a variable in braces', '${smtp_password}', OWN],
    ['a variable of Windows', '%SMTP_PASSWORD%', OWN],
    ['a substitution', '$(pass show mail)', OWN],
    ['a variable of a workflow', '{{ secrets.SMTP }}', OWN],
    ['the placeholder of a manual', '<your password>', SENDGRID],
  ],
  PASSWORD_IS_FILE_NAME: [
    ['an absolute path', '/run/secrets/smtp_password', OWN],
    ['a path below the home', '~/secrets/smtp', OWN],
    ['a relative path', './smtp-password', OWN],
    ['a path of Windows', 'C:\\secrets\\smtp.txt', OWN],
    ['the name of a file', 'smtp-password.txt', OWN],
  ],
  PASSWORD_IS_MASK: [
    ['dots', '••••••••', OWN],
    ['stars', '********', GOOGLE],
    ['the mask of a log', '[REDACTED]', OWN],
  ],
  PASSWORD_IN_QUOTES: [
    ['quotation marks', '"hunter2hunter2"', OWN],
    ['apostrophes', "'hunter2hunter2'\n", OWN],
    ['the marks of a text program', '“hunter2hunter2”', OWN],
  ],
  PASSWORD_OF_OTHER_SERVICE: [
    ['a key of SendGrid', SENDGRID_KEY, GOOGLE],
    ['a key of Resend', 're_aBcDeFgH_1234567890abcdefghijk', SENDGRID],
    ['a key of Brevo', `xsmtpsib-${BREVO_KEY}`, POSTMARK],
    ['a key of Mailgun', `key-${'0a'.repeat(16)}`, RESEND],
  ],
  PASSWORD_WITH_SPACES: [
    ['an app password as Google shows it', 'abcd efgh ijkl mnop', GOOGLE],
    ['with a blank at its end', 'abcdefghijklmnop ', GOOGLE],
    ['with fixed blanks, for IMAP', 'abcd\u00a0efgh\u00a0ijkl\u00a0mnop', {...GOOGLE, host: 'IMAP.gmail.com'}],
    ['of Yahoo', 'abcd efgh ijkl mnop', YAHOO],
  ],
  PASSWORD_NOT_APP_PASSWORD: [
    ['the password of a Google account', 'Tr0ub4dor&3', GOOGLE],
    ['16 characters with a digit', 'abcdefgh1jklmnop', GOOGLE],
    ['the password of a Yahoo account', 'Tr0ub4dor&3', YAHOO],
    ['the password of an AOL account', 'Tr0ub4dor&3', {...YAHOO, host: 'imap.aol.com'}],
    ['the password of an Apple account', 'Tr0ub4dor&3', APPLE],
  ],
  PASSWORD_WITHOUT_HYPHENS: [['an app-specific password of Apple', 'abcdefghijklmnop', APPLE]],
  PASSWORD_IS_SECRET_KEY: [['the secret key of an IAM user', AWS_SECRET, SES]],
  PASSWORD_NOT_SMTP_PASSWORD: [['the password of an AWS console', 'Tr0ub4dor&3', SES]],
  PASSWORD_TEMPORARY: [['of temporary credentials', sesPassword(AWS_SECRET), {...SES, user: 'ASIAIOSFODNN7EXAMPLE'}]],
  PASSWORD_AND_USER_SWAPPED: [['the user of SendGrid', 'apikey', {...SENDGRID, user: SENDGRID_KEY}]],
  PASSWORD_NOT_API_KEY: [
    ['the password of a SendGrid account', 'Tr0ub4dor&3', SENDGRID],
    ['the password of a Resend account', 'Tr0ub4dor&3', RESEND],
  ],
  PASSWORD_FOR_OTHER_USER: [
    ['a key of SendGrid with an address', SENDGRID_KEY, {...SENDGRID, user: 'help@acme.example'}],
    ['a key of Resend with an address', 're_aBcDeFgH_1234567890abcdefghijk', {...RESEND, user: 'help@acme.example'}],
    ['a password of SES with the name of a user', sesPassword(AWS_SECRET), {...SES, user: 'ses-smtp-user.20260101'}],
    [
      'a token of Postmark with an address',
      '74ef518e-2dfa-451d-b9cf-2843608f789a',
      {...POSTMARK, user: 'help@acme.example'},
    ],
    ['another password beside a token of Postmark', 'Tr0ub4dor&3', POSTMARK],
    ['a password of Mailgun with half an address', 'Tr0ub4dor&3', {...MAILGUN, user: 'postmaster'}],
    ['a token of ZeptoMail with a name', ZEPTOMAIL_TOKEN, {...ZEPTOMAIL, user: 'acme'}],
  ],
  PASSWORD_IS_API_KEY: [
    ['an API key of Brevo', `xkeysib-${BREVO_KEY}`, BREVO],
    ['an API key of Mailgun', `key-${'0a'.repeat(16)}`, MAILGUN],
  ],
  PASSWORD_IS_HEADER: [['a header of ZeptoMail', `Zoho-enczapikey ${ZEPTOMAIL_TOKEN}`, ZEPTOMAIL]],
  PASSWORD_WHITE_SPACE: [
    ['a line break at the end', 'Tr0ub4dor&3\n', OWN],
    ['a blank before it', ' Tr0ub4dor&3', OWN],
    ['a blank after an SMTP password', `${sesPassword(AWS_SECRET)} `, SES],
  ],
  PASSWORD_CONTROL_CHARACTERS: [['two lines', 'Tr0ub4dor&3\nuser', OWN]],
  PASSWORD_IS_USER_NAME: [
    ['the user', 'help@acme.example', OWN],
    ['the id of an access key', 'AKIAIOSFODNN7EXAMPLE', SES],
  ],
  PASSWORD_NOT_ASCII: [
    ['umlauts', 'Größenwahn1', OWN],
    ['a long dash', 'correct–horse', OWN],
  ],
}

for (const [code, cases] of Object.entries(ODD))
  test(`${code}: ${cases.map(([what]) => what).join(', ')}`, () => {
    for (const [what, password, login] of cases) {
      const finding = judgePassword(password, {...login, provider: null})
      assert.equal(finding.status, 'warn', what)
      const {problem} = finding
      assert.equal(problem.code, code, what)
      assert.deepEqual([problem.exitCode, problem.certainty], [24, 'likely'])
      assert.ok(problem.fixes!.length > 0)
      // `apikey` is the password of nobody, and stands in the words as the user that is right.
      if (password.length > 6) assert.ok(!JSON.stringify(finding).includes(password.trim()), `${what} is told`)
      for (const word of password
        .split(/[^\p{L}\p{N}]+/u)
        .filter((word) => word.length > 9 && !/enczapikey/.test(word)))
        assert.ok(!JSON.stringify(finding).includes(word), `a part of ${what} is told`)
      if (login.user.length > 12) assert.ok(!JSON.stringify(finding).includes(login.user), 'users can be tokens')
    }
  })

test('what the providers give out is not odd', () => {
  const good: readonly Case[] = [
    ['an app password of Google', 'abcdefghijklmnop', GOOGLE],
    ['an app password of Yahoo', 'abcdefghijklmnop', YAHOO],
    ['an app-specific password', 'abcd-efgh-ijkl-mnop', APPLE],
    ['an SMTP password of SES', sesPassword(AWS_SECRET), SES],
    ['an API key of SendGrid', SENDGRID_KEY, SENDGRID],
    ['an API key of Resend', 're_aBcDeFgH_1234567890abcdefghijk', RESEND],
    ['a server token of Postmark', POSTMARK.user, POSTMARK],
    ['both parts of an SMTP token', 'aBcDeFgHiJkLmNoPqRsTuVwX', {...POSTMARK, user: 'PM-T-outbound-aBcDeFgH'}],
    ['an SMTP key of Brevo', `xsmtpsib-${BREVO_KEY}`, BREVO],
    ['the master password of Brevo', 'mHd8sYwnQ9GkJ2Xb', BREVO],
    ['an SMTP credential of Mailgun', '3kh9umujora5', MAILGUN],
    ['a token of ZeptoMail', ZEPTOMAIL_TOKEN, ZEPTOMAIL],
    ['a token of ZeptoMail with the sender', ZEPTOMAIL_TOKEN, {...ZEPTOMAIL, user: 'help@acme.example'}],
    ['a password that somebody chose', 'Tr0ub4dor&3', OWN],
    ['a sentence', 'correct horse battery staple', OWN],
    ['signs', '$uper/Secret', OWN],
  ]
  for (const [what, password, login] of good) {
    const finding = judgePassword(password, {...login, provider: null})
    assert.equal(finding.status, 'pass', `${what}: ${finding.status === 'warn' ? finding.problem.code : ''}`)
    assert.ok(!JSON.stringify(finding).includes(password))
  }
})

test('every SMTP password that Amazon makes has the form, whichever its secret key', () => {
  for (let n = 0; n < 1000; n++)
    for (const version of [0x04, 0x02]) {
      const password = sesPassword(randomBytes(30).toString('base64'), version)
      assert.equal(judgePassword(password, {...SES, provider: null}).status, 'pass', `version ${version}`)
    }
})

test('the provider says more than the host, and nothing is known of one without a form', () => {
  const finding = judgePassword('Tr0ub4dor&3', {...OWN, provider: 'google-workspace'})
  assert.equal(finding.status === 'warn' && finding.problem.code, 'PASSWORD_NOT_APP_PASSWORD')
  assert.equal(judgePassword('Tr0ub4dor&3', {...GOOGLE, provider: 'fastmail'}).status, 'pass')
})
