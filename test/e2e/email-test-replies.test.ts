/**
 * Every reply that the table knows, said by a server at its step, byte for byte: what `email test` makes of it, from the
 * name of the server to the verdict.
 */
import assert from 'node:assert/strict'
import {describe, it, test, type TestContext} from 'node:test'
import {rowOfReply} from '../../src/lib/connection/explain-reply.ts'
import {REPLY_ROWS, type ReplyRow, type ReplyStep} from '../../src/lib/connection/reply-table/index.ts'
import type {Verdict} from '../../src/lib/diagnosis/verdict.ts'
import {explainPasted} from '../../src/lib/email-test/explain-pasted.ts'
import {REPLY_EXAMPLES, type ReplyExample} from '../fixtures/replies.ts'
import {startDns} from '../support/dns-server.ts'
import {startScriptedImap} from '../support/scripted-imap.ts'
import {startScriptedSmtp} from '../support/scripted-smtp.ts'
import {assertSecret, loginsIn, type ServerQuestion, testServer} from '../support/server-test.ts'
import {assertJson, assertJunit, assertText} from '../support/verdict-forms.ts'

const USER = 'help@acme.example'
const PASSWORD = 'correct-horse-battery'
const RECIPIENT = 'ann@example.com'

/** Servers at once: each test waits for little but this process. */
const AT_ONCE = 4

type SpokenStep = Exclude<ReplyStep, 'token'>
type Spoken = ReplyExample & {readonly protocol: 'smtp' | 'imap'; readonly step: SpokenStep}

/** A challenge comes in answer to a token (RFC 7628 3.2.3), and `email test` logs in with passwords. */
const isToToken = ({reply}: ReplyExample) => reply.startsWith('334 ')

const isSpoken = (example: ReplyExample): example is Spoken => example.protocol !== 'oauth' && !isToToken(example)

const SPOKEN = REPLY_EXAMPLES.filter(isSpoken)

/** What the scripted servers call that which is answered. */
const ASKED: Readonly<Record<SpokenStep, string>> = {
  greeting: 'greeting',
  ehlo: 'EHLO',
  starttls: 'STARTTLS',
  login: 'AUTH',
  sender: 'MAIL',
  recipient: 'RCPT',
  message: 'message',
  mailbox: 'EXAMINE',
}

/** Where the verdict says that it was found. */
function stageOf({rule, step}: Spoken): string {
  // The greeting is merely odd; that STARTTLS is gone is what fails.
  if (rule === 'CISCO_STARTTLS_MASKED') return 'starttls'
  return step === 'ehlo' ? 'capabilities' : step
}

const rowOf = ({rule}: ReplyExample): ReplyRow => REPLY_ROWS.find(({id}) => id === rule)!

const nameOf = ({rule, step, reply}: ReplyExample) =>
  `${rule}, said to ${step}: ${reply.split('\n', 1)[0]!.slice(0, 60)}`

async function startSaying(t: TestContext, {protocol, reply}: Spoken, asked: string) {
  const lines = reply.split('\n')
  if (protocol === 'smtp') return startScriptedSmtp(t, {[asked]: (exchange) => exchange.reply(...lines)})
  const server = await startScriptedImap(t, [])
  server.state.password = PASSWORD
  // The credentials of AUTHENTICATE are the command LOGIN to it.
  server.script.set(asked === 'AUTH' ? 'LOGIN' : asked, ({tag, line, hangUp}) => {
    // A goodbye answers no command.
    line(`${reply.startsWith('BYE ') ? '*' : tag} ${reply}`)
    if (reply.startsWith('BYE ')) setImmediate(hangUp)
  })
  return server
}

/** Tests a server that says these words when it is `asked` this, and asserts all that holds for any of them. */
async function assertUnderstood(
  t: TestContext,
  example: Spoken,
  question: Partial<ServerQuestion> = {},
  asked = ASKED[example.step],
): Promise<void> {
  const {protocol, step, host, reply, rule, exitCode, certainty} = example
  const [server, dns] = await Promise.all([startSaying(t, example, asked), startDns(t, {[host]: {a: ['127.0.0.1']}})])
  const tested = await testServer({
    protocol,
    host,
    port: server.port,
    security: rule === 'CISCO_STARTTLS_MASKED' ? 'starttls' : 'none',
    user: USER,
    password: PASSWORD,
    to: RECIPIENT,
    ...(step === 'message' ? {sendTo: RECIPIENT} : {}),
    resolver: dns.address,
    ...question,
  })
  const expected = {stage: stageOf(example), status: 'fail', code: rule, exitCode} as const
  const {verdict} = assertJson(tested.json, expected)
  assertText(tested.text, expected)
  assertJunit(tested.junit, expected)
  assertMeans(verdict, example)
  assert.equal(verdict.serverReply, reply)
  assert.equal(verdict.certainty, certainty)
  assert.ok(loginsIn(server.commands).length <= 1)
  assertSecret(tested.everything, {user: USER, password: PASSWORD})
}

/** The cause and the mend are those of the row. */
function assertMeans({why, causes, fixes}: Verdict, example: ReplyExample): void {
  const row = rowOf(example)
  assert.ok(why.startsWith(row.why), why)
  assert.equal(causes?.length, row.causes?.length)
  for (const [index, cause] of (row.causes ?? []).entries()) assert.ok(causes?.[index]?.startsWith(cause.why))
  assert.deepEqual(
    fixes.map(({text}) => text),
    row.fixes.map(({text}) => text),
  )
}

/** Rows that were reached, and how. */
const reached = {overWire: new Set<string>(), pasted: new Set<string>()}

describe('what a server says is known, whatever it is asked', {concurrency: AT_ONCE}, () => {
  for (const example of SPOKEN)
    it(nameOf(example), async (t) => {
      await assertUnderstood(t, example)
      reached.overWire.add(example.rule)
    })
})

/** The same words at the other steps to which the row knows them. */
const MOVED = SPOKEN.flatMap((example) =>
  rowOf(example)
    .steps.filter((step) => !SPOKEN.some((one) => one.reply === example.reply && one.step === step))
    .map((step) => ({...example, step}) as Spoken),
)

describe('servers say the same sooner or later', {concurrency: AT_ONCE}, () => {
  for (const example of MOVED) it(nameOf(example), (t) => assertUnderstood(t, example))
})

/** Its words alone tell another row, or none. */
const needsProvider = ({protocol, step, reply, rule}: Spoken) =>
  rowOfReply(reply, {protocol, step, host: '127.0.0.1', provider: null, user: null})?.id !== rule

describe('where the words alone may be those of others, --provider tells as the name of the server does', () => {
  for (const example of SPOKEN.filter(needsProvider))
    it(nameOf(example), async (t) => {
      const {provider} = example
      assert.ok(provider !== null && rowOf(example).onlyThere === true)
      await assertUnderstood(t, example, {host: '127.0.0.1', provider})
    })
})

describe('what is said of a message may come before it', {concurrency: AT_ONCE}, () => {
  for (const example of SPOKEN.filter(({step}) => step === 'message'))
    it(nameOf(example), (t) => assertUnderstood(t, example, {}, 'DATA'))
})

describe('what no mail server says to a password is explained where it is pasted', () => {
  for (const example of REPLY_EXAMPLES.filter((one) => !isSpoken(one)))
    it(nameOf(example), () => {
      const {rule, reply, provider, exitCode, certainty} = example
      const verdict = explainPasted(reply, provider ?? undefined)
      assert.deepEqual([verdict.code, verdict.exitCode, verdict.certainty], [rule, exitCode, certainty])
      assert.equal(verdict.serverReply, reply)
      assertMeans(verdict, example)
      reached.pasted.add(rule)
    })

  /** Errors of this side of the connection, as programs print them. */
  const ERRORS: readonly (readonly [string, string, number])[] = [
    ['write EPROTO error:0A00010B:SSL routines:ssl3_get_record:wrong version number', 'TLS_WRONG_MODE', 22],
    ['Error: Greeting never received', 'TLS_WRONG_MODE', 22],
    ['connect ETIMEDOUT 192.0.2.1:587', 'TCP_TIMEOUT', 21],
    ['connect ECONNREFUSED 192.0.2.1:587', 'TCP_REFUSED', 21],
    ['getaddrinfo ENOTFOUND smtp.acme.example', 'DNS_NOT_FOUND', 20],
    ['certificate has expired', 'TLS_CERTIFICATE_EXPIRED', 22],
  ]
  for (const [text, code, exitCode] of ERRORS)
    it(text, () => {
      const verdict = explainPasted(text, undefined)
      assert.deepEqual([verdict.code, verdict.exitCode], [code, exitCode])
      assert.ok(verdict.why.length > 0 && verdict.fixes.length > 0)
    })
})

test('every row of the table was reached by what servers say', (t) => {
  const {overWire, pasted} = reached
  const missing = REPLY_ROWS.filter(({id}) => !overWire.has(id) && !pasted.has(id)).map(({id}) => id)
  const share = (100 * (REPLY_ROWS.length - missing.length)) / REPLY_ROWS.length
  t.diagnostic(
    `${REPLY_ROWS.length} rows, ${share} % reached by ${REPLY_EXAMPLES.length} replies: ${overWire.size} rows over the wire, ${pasted.size} where they are pasted`,
  )
  assert.deepEqual(missing, [])
  // All that no mail server says to `email test` is said to tokens.
  const toTokens = REPLY_ROWS.filter(({id, protocol}) => protocol === 'oauth' || id === 'GOOGLE_XOAUTH2_TOKEN_REFUSED')
  assert.deepEqual([...pasted].toSorted(), toTokens.map(({id}) => id).toSorted())
  assert.equal(overWire.size + pasted.size, REPLY_ROWS.length)
})
