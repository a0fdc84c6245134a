/** Servers that are wrong in one way each: `email test` says which, in every form, and tells no password. */
import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {describe, it, test, type TestContext} from 'node:test'
import {type Script, startDns} from '../support/dns-server.ts'
import type {MailHandler} from '../support/mail-server.ts'
import {postdesk, type Run, temporaryHome} from '../support/run-postdesk.ts'
import {assertAllClosed, assertSecret, formsOf, loginsIn, testServer} from '../support/server-test.ts'
import {assertJson, assertJunit, assertText} from '../support/verdict-forms.ts'
import {type Animal, type Cage, tame, ZOO} from '../support/zoo.ts'

/** The one that the zoo names. */
const USER = 'help@acme.example'
/** Each form of it that JSON, URLs and XML have is another. */
const PASSWORD = 'c0rrect"horse\\battery+&5'

/** Longer than the latest greeting of the zoo, where it greets late; shorter where it is silent. */
const [PATIENT_S, TIMEOUT_S] = [7, 3]
/** Most of the time nothing happens: they wait. */
const AT_ONCE = 16

/** What the domain of the user publishes: nothing is wrong with it. */
const WELL: Readonly<Record<string, Script>> = {
  'acme.example': {txt: ['v=spf1 ip4:127.0.0.1 -all'], mx: ['10 mx.acme.example']},
  'mx.acme.example': {a: ['127.0.0.1']},
  '_dmarc.acme.example': {txt: ['v=DMARC1; p=reject; rua=mailto:dmarc@acme.example']},
}

const nameOf = ({protocol, name}: Animal) => `${protocol}: ${name}`

const timeoutOf = ({expects}: Animal) => (expects.code === 'GREETING_SLOW' ? PATIENT_S : TIMEOUT_S)

/** What ends before the login, but for what is merely slow or short-lived, and a mode of TLS that is corrected. */
const mayLogIn = ({name, expects}: Animal) =>
  expects.status === 'warn' || (expects.code === 'TLS_WRONG_MODE' && !name.includes('expired'))

/** The password is said once, to one who may have it, and to nobody else at all. */
function assertLogins(animal: Animal, {heard, user}: Pick<Cage, 'heard' | 'user'>): void {
  const logins = loginsIn(heard)
  if (!mayLogIn(animal)) return assert.deepEqual(logins, [])
  assert.equal(logins.length, 1, heard.join('\n'))
  assert.ok(logins[0]?.endsWith(Buffer.from(`\0${user}\0${PASSWORD}`).toString('base64')))
}

describe(
  'of every misbehaving server is told what is wrong with it, and how to mend it',
  {concurrency: AT_ONCE},
  () => {
    for (const animal of ZOO)
      it(nameOf(animal), async (t) => {
        const {protocol, expects} = animal
        const [cage, dns] = await Promise.all([animal.start(t), startDns(t, WELL)])
        const {host, port, security, ca, user} = cage
        const timeoutMs = timeoutOf(animal) * 1000
        const question = {protocol, host, port, security, ca, user, password: PASSWORD, resolver: dns.address}
        const tested = await testServer({...question, timeoutMs})
        assertJson(tested.json, expects)
        assertText(tested.text, expects)
        assertJunit(tested.junit, expects)
        assertSecret(tested.everything, {user, password: PASSWORD})
        assertLogins(animal, cage)
        await assertAllClosed(cage.open)
      })
  },
)

/** A machine of its own, on which the program is run. */
async function startMachine(t: TestContext) {
  const [home, dns] = await Promise.all([temporaryHome(t), startDns(t, WELL)])
  const env = {POSTDESK_RESOLVER: `127.0.0.1:${dns.address.port}`}
  return {
    home,
    resolver: dns.address,
    /** Tests a server of the zoo, with its usual login and our password. */
    async run(
      {protocol}: Pick<Animal, 'protocol'>,
      {host, port, security, ca, user}: Cage,
      more: readonly string[] = [],
      moreEnv: Readonly<Record<string, string>> = {},
    ): Promise<Run> {
      const words = ['--protocol', protocol, '--host', host, '--port', String(port), '--security', security]
      if (ca !== null) {
        const path = join(home, 'authority.pem')
        await writeFile(path, ca)
        words.push('--ca-file', path)
      }
      return postdesk(['email', 'test', ...words, '--user', user, '--password-stdin', ...more], {
        home,
        env: {...env, ...moreEnv},
        input: PASSWORD,
      })
    },
  }
}

/** At least one for each exit code that the zoo has. */
const EXHIBITED: readonly string[] = [
  'smtp: expired after STARTTLS',
  'smtp: offers no STARTTLS',
  'imap: plain text where TLS is expected',
  'smtp: nobody listens',
  'smtp: offers no login',
  'imap: takes only tokens',
  'smtp: blocks this address for a while',
  'smtp: ends soon',
]

describe('the program says the same, and ends with the same code in each form', {concurrency: 2}, () => {
  for (const name of EXHIBITED)
    it(name, async (t) => {
      const animal = ZOO.find((one) => nameOf(one) === name)
      assert.ok(animal, name)
      const {expects} = animal
      const machine = await startMachine(t)
      const timeout = ['--timeout', String(timeoutOf(animal))]
      const debug = {POSTDESK_DEBUG: '1'}
      const cages: Cage[] = []
      const runs: Run[] = []
      for (const more of [['--json'], [], ['--format', 'junit']]) {
        const cage = await animal.start(t)
        cages.push(cage)
        runs.push(await machine.run(animal, cage, [...more, '--transcript', ...timeout], debug))
      }
      const [json, text, junit] = runs as [Run, Run, Run]
      assertJson(json.stdout, expects)
      assertText(text.stdout, expects)
      assertJunit(junit.stdout, expects)
      for (const {code, stdout, stderr} of runs) {
        assert.equal(code, expects.exitCode)
        for (const {user} of cages) assertSecret(stdout + stderr, {user, password: PASSWORD})
      }
      for (const cage of cages) {
        assertLogins(animal, cage)
        await assertAllClosed(cage.open)
      }
    })
})

test('no exit code is left out of that', (t) => {
  const codesOf = (animals: readonly Animal[]) => new Set(animals.map(({expects}) => expects.exitCode))
  t.diagnostic(`${ZOO.length} animals, of which the program was shown ${EXHIBITED.length} in three forms each`)
  assert.deepEqual(codesOf(ZOO.filter((animal) => EXHIBITED.includes(nameOf(animal)))), codesOf(ZOO))
})

/** Refuses the login, and repeats it in every form. */
const repeats =
  (words: string): MailHandler =>
  ({tag, args, say}) => {
    const forms = [args, ...formsOf(USER, PASSWORD)]
    if (tag === '*') say(...forms.map((form, at) => `${words}${at === forms.length - 1 ? ' ' : '-'}${form}`))
    else say(`* NO ${forms[0]}`, `${tag} ${words} ${forms.join(' ')}`)
  }

const REPEATING = [
  {protocol: 'smtp', commands: {AUTH: repeats('535')}, code: 'SMTP_AUTH'},
  {protocol: 'imap', commands: {AUTHENTICATE: repeats('NO')}, code: 'IMAP_AUTH'},
] as const

for (const {protocol, commands, code} of REPEATING)
  test(`${protocol}: a server that repeats the login makes nobody show the password`, async (t) => {
    const [cage, machine] = await Promise.all([tame(t, protocol, 'tls', {commands}), startMachine(t)])
    const {host, port, security, ca, user} = cage
    const question = {protocol, host, port, security, ca, user, password: PASSWORD, resolver: machine.resolver}
    const {report, everything} = await testServer(question)
    assert.deepEqual([report.verdict.code, report.verdict.exitCode], [code, 24])
    assert.match(report.verdict.serverReply ?? '', /\[secret\]/)
    assertSecret(everything, {user, password: PASSWORD})
    for (const form of [['--json'], ['--debug']]) {
      const {code: exitCode, stdout, stderr} = await machine.run({protocol}, cage, [...form, '--transcript'])
      assert.equal(exitCode, 24, stderr)
      assert.match(stdout, /\[secret\]/)
      assertSecret(stdout + stderr, {user, password: PASSWORD})
    }
    assert.equal(loginsIn(cage.heard).length, 3, 'once in each run')
  })

/** A fault of ours at the worst moment: what was to be written is in the error. */
const faulty = (fails: string) => `
import {Socket} from 'node:net'
const {write} = Socket.prototype
Socket.prototype.write = function (data, ...rest) {
  const text = String(data)
  if (!/^(p\\d+ )?(AUTH|AUTHENTICATE|LOGIN) /.test(text)) return write.call(this, data, ...rest)
  const fail = () => { throw new TypeError('cannot write ' + text) }
  ${fails}
}`

/** A login by SASL, and one by the command of IMAP, which quotes the password. */
const LOGINS = [
  {protocol: 'smtp', offers: {}, says: 'AUTH PLAIN', form: [], fails: 'fail()'},
  {protocol: 'imap', offers: {}, says: 'AUTHENTICATE PLAIN', form: ['--format', 'junit'], fails: 'fail()'},
  {protocol: 'imap', offers: {encrypted: ['IMAP4rev1']}, says: 'LOGIN', form: ['--json'], fails: 'fail()'},
  {protocol: 'smtp', offers: {}, says: 'AUTH PLAIN', form: ['--json'], fails: 'setImmediate(fail)'},
] as const

for (const {protocol, offers, says, form, fails} of LOGINS)
  test(`a crash in the middle of ${says} tells no password, not even with --debug: ${fails}`, async (t) => {
    const [cage, machine] = await Promise.all([tame(t, protocol, 'tls', {offers}), startMachine(t)])
    const fault = join(machine.home, 'fault.mjs')
    await writeFile(fault, faulty(fails))
    const env = {NODE_OPTIONS: `--import=${fault}`, POSTDESK_DEBUG: '1'}
    const {code, stdout, stderr} = await machine.run({protocol}, cage, [...form, '--transcript'], env)
    assert.equal(code, 70, stdout + stderr)
    assert.match(stdout + stderr, new RegExp(`cannot write (?:p\\d+ )?${says}`))
    assert.match(stderr, /"event":"failed"/)
    assertSecret(stdout + stderr, {user: USER, password: PASSWORD})
    assert.deepEqual(loginsIn(cage.heard), [])
  })
