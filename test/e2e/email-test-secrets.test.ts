/**
 * Servers that know the password, and say it wherever they can: nothing of it comes out of `email test` or `doctor`, in
 * whatever form, and none of it is left on the disk.
 */
import assert from 'node:assert/strict'
import {readdir, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {describe, it, test, type TestContext} from 'node:test'
import {startAccountDesk, trust} from '../support/accounts.ts'
import {startDns, type Script} from '../support/dns-server.ts'
import type {MailExchange, MailScript} from '../support/mail-server.ts'
import {startScriptedSmtp} from '../support/scripted-smtp.ts'
import {assertSecret, formsOf, loginsIn, type ServerQuestion, testServer} from '../support/server-test.ts'
import {type Animal, tame} from '../support/zoo.ts'

const USER = 'help@acme.example'
/** It is another one in each of its forms, and no few characters of it stand in a row anywhere else. */
const PASSWORD = 'Gr"n\\dZq7+ 5%&Xw<9>Jk=ß/Vy'
const PASSPHRASE = 'Yt"2\\Kw+ 8%&Bc=ö/Hx'
/** So many characters in a row are a part of a password. */
const PART = 6

const ZONE: Readonly<Record<string, Script>> = {
  'acme.example': {txt: ['v=spf1 ip4:127.0.0.1 -all'], mx: ['10 mx.acme.example']},
}

/** Nothing of it was shown, not even what is left where a text is cut within it. */
function assertNoPart(shown: string, password = PASSWORD): void {
  assertSecret(shown, {user: USER, password})
  for (const form of [password, Buffer.from(password).toString('base64'), encodeURIComponent(password)])
    for (let at = 0; at + PART <= form.length; at++) {
      const found = shown.indexOf(form.slice(at, at + PART))
      assert.equal(found, -1, `a part of it: …${shown.slice(Math.max(0, found - 200), found + 100)}…`)
    }
}

// Whatever a server says ----------------------------------------------------------------------------------------------

type Says = (exchange: Pick<MailExchange, 'tag' | 'say'>, forms: readonly string[]) => void

const lines: Says = ({say}, forms) => say(...forms)

/** One reply of SMTP; what stands before each form may be a keyword. */
const reply =
  (code: number, before = ''): Says =>
  ({say}, forms) =>
    say(...forms.map((form, at) => `${code}${at === forms.length - 1 ? ' ' : '-'}${before}${form}`))

/** Untagged lines of IMAP, and the completion. */
const completed =
  (status: string, word = 'OK'): Says =>
  ({tag, say}, forms) =>
    say(...forms.map((form) => `* ${word} ${form}`), `${tag} ${status} ${forms.join(' ')}`)

type Place = readonly [command: string, says: string, Says]

const SMTP: readonly Place[] = [
  ['greeting', 'a greeting', reply(220)],
  ['greeting', 'a refusal', reply(554)],
  ['greeting', 'noise', lines],
  ['greeting', 'the words of another service', ({say}, forms) => say(`SSH-2.0-${forms.join(' ')}`)],
  ['greeting', 'the words of IMAP', ({say}, forms) => say(`* OK ${forms.join(' ')}`)],
  ['EHLO', 'keywords', ({say}, forms) => say('250-zoo', ...forms.map((form) => `250-${form}`), '250 AUTH PLAIN')],
  [
    'EHLO',
    'mechanisms beside one that is known',
    ({say}, forms) => say('250-zoo', `250-AUTH PLAIN ${forms.join(' ')}`, '250 SIZE 100'),
  ],
  ['EHLO', 'mechanisms', reply(250, 'AUTH ')],
  ['EHLO', 'a refusal', reply(501)],
  ['EHLO', 'noise', lines],
  ['STARTTLS', 'a refusal', reply(454)],
  ['STARTTLS', 'words before TLS', ({say}, forms) => say('220 go', ...forms)],
  ['AUTH', 'a challenge', reply(334)],
  ['AUTH', 'a yes', reply(235)],
  ['AUTH', 'a refusal', reply(535)],
  ['AUTH', 'noise', lines],
  ['MAIL', 'a yes', reply(250)],
  ['MAIL', 'a refusal', reply(553)],
  ['RCPT', 'a refusal', reply(550)],
  ['DATA', 'a refusal', reply(554)],
  ['QUIT', 'a goodbye', reply(221)],
]

const IMAP: readonly Place[] = [
  ['greeting', 'a greeting', completed('OK')],
  ['greeting', 'a goodbye', completed('BYE', 'BYE')],
  ['greeting', 'noise', lines],
  [
    'CAPABILITY',
    'keywords',
    ({tag, say}, forms) => say(`* CAPABILITY IMAP4rev1 AUTH=PLAIN ${forms.join(' ')}`, `${tag} OK done`),
  ],
  [
    'CAPABILITY',
    'mechanisms',
    ({tag, say}, forms) =>
      say(`* CAPABILITY IMAP4rev1 ${forms.map((form) => `AUTH=${form}`).join(' ')} LOGINDISABLED`, `${tag} OK done`),
  ],
  ['CAPABILITY', 'a refusal', completed('BAD')],
  ['STARTTLS', 'a refusal', completed('NO')],
  ['AUTHENTICATE', 'a challenge', ({say}, forms) => say(...forms.map((form) => `+ ${form}`))],
  ['AUTHENTICATE', 'a yes', completed('OK')],
  ['AUTHENTICATE', 'a refusal', completed('NO')],
  ['EXAMINE', 'a yes', completed('OK')],
  ['EXAMINE', 'a refusal', completed('NO')],
  ['FETCH', 'noise', lines],
  ['LOGOUT', 'a goodbye', completed('OK', 'BYE')],
]

/** What stands before each form: what is quoted of a long text may end within it. */
const PADS = [0, 480, 490].map((length) => '.'.repeat(length))

/** Tests a server that says this, in each length, in all that a person or a program is shown. */
async function assertKept(
  t: TestContext,
  protocol: Animal['protocol'],
  speaks: 'tls' | 'starttls',
  commandsOf: (forms: readonly string[]) => NonNullable<MailScript['commands']>,
  question: Partial<ServerQuestion> = {},
): Promise<void> {
  const {address: resolver} = await startDns(t, ZONE)
  for (const pad of PADS) {
    const commands = commandsOf(formsOf(USER, PASSWORD).map((form) => pad + form))
    const {host, port, ca, security, heard} = await tame(t, protocol, speaks, {commands})
    const server = {protocol, host, port, ca, security, user: USER, password: PASSWORD, resolver}
    const {everything} = await testServer({...server, timeoutMs: 1000, ...question})
    assertNoPart(everything)
    assert.ok(loginsIn(heard).length <= 1)
  }
}

for (const [protocol, places] of Object.entries({smtp: SMTP, imap: IMAP}) as ['smtp' | 'imap', readonly Place[]][])
  describe(`an ${protocol} server may say the password anywhere, and nobody is shown it`, {concurrency: 4}, () => {
    for (const [command, what, says] of places)
      it(`${command}: as ${what}`, async (t) => {
        const speaks = command === 'STARTTLS' ? 'starttls' : 'tls'
        const commandsOf = (forms: readonly string[]) => ({
          [command]: (exchange: MailExchange) => says(exchange, forms),
        })
        await assertKept(t, protocol, speaks, commandsOf, command === 'DATA' ? {sendTo: 'ann@customer.example'} : {})
      })
  })

const isNotQuoted = (form: string) => !form.includes('\\\\')

test('names of mailboxes may be the password, and nobody is shown them', async (t) => {
  await assertKept(t, 'imap', 'tls', (forms) => ({
    EXAMINE: ({tag, say}) => say(`${tag} NO nothing of that name`),
    LIST: ({tag, say}) =>
      say(...forms.filter(isNotQuoted).map((form) => `* LIST () "/" ${JSON.stringify(form)}`), `${tag} OK done`),
  }))
})

test('the name of a message in a queue may be the password, and nobody is shown it', async (t) => {
  const {address: resolver} = await startDns(t, ZONE)
  for (const form of formsOf(USER, PASSWORD)) {
    const {host, port} = await startScriptedSmtp(t, {message: ({reply}) => reply(`250 2.0.0 Ok: queued as ${form}`)})
    const server = {host, port, security: 'none', user: USER, password: PASSWORD, resolver} as const
    const {everything} = await testServer({...server, sendTo: 'ann@customer.example'})
    assert.match(everything, /queued as/)
    assertNoPart(everything)
  }
})

// The program, and what it leaves -------------------------------------------------------------------------------------

/** Everything that stands in the files below a directory. */
async function contentsOf(directory: string): Promise<string> {
  const entries = await readdir(directory, {recursive: true, withFileTypes: true})
  const files = entries.filter((entry) => entry.isFile()).map(({parentPath, name}) => join(parentPath, name))
  assert.ok(files.length > 0)
  return (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('\n')
}

test('email test and doctor keep the password and the passphrase of the vault to themselves, and leave none of them behind', async (t) => {
  const forms = formsOf(USER, PASSWORD)
  const cage = await tame(t, 'smtp', 'tls', {
    commands: {
      greeting: (exchange) => reply(220, 'ESMTP ')(exchange, forms),
      EHLO: ({say}) => say('250-zoo', ...forms.map((form) => `250-${form}`), '250 AUTH PLAIN'),
      AUTH: (exchange) => reply(535, '5.7.8 ')(exchange, [exchange.args, ...forms]),
    },
  })
  const [desk, {address}] = await Promise.all([startAccountDesk(t, 'sqlite'), startDns(t, ZONE)])
  delete desk.env['POSTDESK_VAULT_IDENTITY_FILE']
  Object.assign(desk.env, {
    POSTDESK_VAULT_PASSPHRASE: PASSPHRASE,
    POSTDESK_RESOLVER: `${address.host}:${address.port}`,
    POSTDESK_DEBUG: '1',
  })
  await trust(desk, {ca: cage.ca!})
  const at = `--host ${cage.host} --port ${cage.port} --security tls --forwards-to support`
  const added = await desk.run(`email add smtp ${USER} ${at} --password-stdin --no-verify --json`, PASSWORD)
  assert.equal(added.code, 0, added.stderr)

  const tested = [
    await desk.run(`email test ${USER} --transcript`),
    await desk.run(`email test ${USER} --transcript --json`),
    await desk.run(`email test --all --transcript --format junit`),
  ]
  for (const {code, stdout, stderr} of tested) {
    assert.equal(code, 24, stderr)
    assert.match(stdout, /\[secret\]/)
    assert.match(stderr, /"event":"wire".*535/)
  }
  assert.equal(loginsIn(cage.heard).length, tested.length, 'once in each run')
  for (const form of ['', ' --json']) {
    const {stdout} = await desk.run(`doctor${form}`)
    assert.match(stdout, /127\.0\.0\.1/)
  }

  const kept = await contentsOf(desk.home)
  assert.match(kept, /"hash"/, 'a refusal is remembered')
  const store = await readFile(new URL(desk.url).pathname, 'latin1')
  for (const secret of [PASSWORD, PASSPHRASE])
    for (const told of [desk.printed(), kept, Buffer.from(kept, 'latin1').toString(), store]) assertNoPart(told, secret)
})
