/** The tools that are compared: how each is asked about a server, and what it says. */
import {spawn} from 'node:child_process'
import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {text} from 'node:stream/consumers'
import type {TestContext} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import {startDns} from '../../test/support/dns-server.ts'
import {sendMail, uniqueMail, waitFor} from '../../test/support/mta.ts'
import {runPostfix} from '../../test/support/postfix.ts'
import {startScriptedSmtp} from '../../test/support/scripted-smtp.ts'
import {testServer} from '../../test/support/server-test.ts'
import {startSubmission} from '../../test/support/submission.ts'
import {swaks} from '../../test/support/swaks.ts'
import type {Cage} from '../../test/support/zoo.ts'
import {zooCertificates} from '../../test/support/zoo-certificates.ts'
import {type DovecotFault, PASSWORD, RECIPIENT, SENDER} from './set-ups.ts'

/** What a tool said of a server; the code is null where it ends with none. */
export interface Said {
  readonly words: string
  readonly code: number | null
}

/** The name that all certificates but one are for. */
const HOST = 'localhost'

/** Who waits longer than this has not said what is wrong. */
const PATIENCE_S = 5

/** The program as it is run by a person, without a store. */
export async function askEmailTest(t: TestContext, {port, security, ca}: Cage): Promise<Said> {
  const {address: resolver} = await startDns(t, {[HOST]: {a: ['127.0.0.1']}})
  const server = {
    protocol: 'smtp',
    host: HOST,
    port,
    security,
    ca,
    user: SENDER,
    password: PASSWORD,
    from: SENDER,
    to: RECIPIENT,
  } as const
  const {report} = await testServer({...server, resolver, timeoutMs: PATIENCE_S * 1000})
  const {code, title, why, exitCode} = report.verdict
  return {words: `${code}: ${title}: ${why}`, code: exitCode}
}

export async function askSwaks(
  t: TestContext,
  {port, security, ca}: Pick<Cage, 'port' | 'security' | 'ca'>,
  password = PASSWORD,
): Promise<Said> {
  const tls = security === 'tls' ? '--tls-on-connect' : '--tls'
  const words = `--server ${HOST} --port ${port} ${tls} --tls-verify --timeout ${PATIENCE_S}s --quit-after RCPT`.split(
    ' ',
  )
  const login = ['--auth', 'PLAIN', '--auth-user', SENDER, '--auth-password', password]
  const trust = ca === null ? [] : ['--tls-ca-path', await fileOf(t, ca)]
  const {code, told} = await swaks([...words, ...trust, ...login, '--from', SENDER, '--to', RECIPIENT])
  // What is marked by asterisks is wrong: words of the server, and then its own.
  return {words: lastOf(told, /^(?:\*\*\*|<[-~*]\*) .*/gm, 2), code}
}

export async function askOpenssl(t: TestContext, {port, security, ca}: Cage): Promise<Said> {
  const words = `s_client -connect ${HOST}:${port} -verify_hostname ${HOST}`.split(' ')
  const more = [
    ...(security === 'starttls' ? ['-starttls', 'smtp'] : []),
    ...(ca === null ? [] : ['-CAfile', await fileOf(t, ca)]),
  ]
  const child = spawn('openssl', [...words, ...more], {stdio: ['pipe', 'pipe', 'pipe']})
  const ended = new Promise<number | null>((done) => child.once('close', done))
  const late = sleep(PATIENCE_S * 1000, undefined, {ref: false}).then(() => child.kill('SIGKILL'))
  child.stdin.on('error', () => {}).end('QUIT\r\n')
  const [code, shown, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  void late
  const told = `${shown}\n${errors}`
  if (code === null) return {words: `(nothing for ${PATIENCE_S} s)`, code}
  const failure = lastOf(told, /(?<=:)error:.*|^Didn't find.*/gm)
  return {words: failure === '' ? lastOf(told, /^Verify return code: .*|^Verification.*/gm) : failure, code}
}

/** Postfix sends to all of them, as its log has it. */
export async function askPostfix(t: TestContext, cages: readonly Cage[]): Promise<readonly Said[]> {
  const {ca} = await zooCertificates()
  const authority = await fileOf(t, ca)
  const domain = (index: number) => `set-up-${index}.example`
  const routes = cages.map(({port, security}, index) => `{${domain(index)} = ${security}:[${HOST}]:${port}}`)
  const secure = `-o smtp_tls_security_level=secure -o smtp_tls_CAfile=${authority}`
  const postfix = await runPostfix(t, () => ({
    main: `myhostname = mx.acme.example
transport_maps = inline:{ ${routes.join(', ')} }
smtp_host_lookup = native
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = static:${SENDER}:${PASSWORD}
smtp_sasl_security_options = noanonymous
smtp_tls_loglevel = 1
smtp_helo_timeout = ${PATIENCE_S}s
smtp_starttls_timeout = ${PATIENCE_S}s`,
    master: `starttls unix - - n - - smtp ${secure}
tls unix - - n - - smtp ${secure} -o smtp_tls_wrappermode=yes
tlsmgr unix - - n 1000? 1 tlsmgr
`,
  }))
  for (const index of cages.keys())
    await sendMail(postfix.port, {from: SENDER, to: [`ann@${domain(index)}`], data: uniqueMail('Hello')})
  const statusOf = (index: number, log: string) =>
    new RegExp(`to=<ann@${domain(index)}>.*(status=\\w+ \\(.*\\))$`, 'm').exec(log)?.[1]
  return Promise.all(
    cages.map(async ({port}, index) => {
      const status = await waitFor(
        async () => statusOf(index, await postfix.log()),
        () => postfix.log(),
      )
      return {words: [...tlsProblems(await postfix.log(), port), status].join(' / '), code: null}
    }),
  )
}

/** What it logs of the TLS of a server, before it gives up. What OpenSSL says is in the line behind, without the server. */
function tlsProblems(log: string, port: number): readonly string[] {
  const lines = log.split('\n')
  const at = lines.findIndex((line) => TLS_PROBLEM.test(line) && line.includes(`:${port}: `))
  const said = [TLS_PROBLEM.exec(lines[at] ?? '')?.[0], /TLS library problem.*/.exec(lines[at + 1] ?? '')?.[0]]
  return said.flatMap((words) => words ?? [])
}

const TLS_PROBLEM = /(?:server )?certificate verification failed.*|SSL_connect error.*/

/** What Dovecot logs while swaks asks it. */
export async function askDovecot(t: TestContext, fault: DovecotFault): Promise<Said> {
  const {ca, ...certificates} = await zooCertificates()
  const {cert, key} = certificates[fault.certificate ?? 'good']
  const certificate = {certificate: await fileOf(t, cert), key: await fileOf(t, key)}
  const script = Object.entries(fault.relay ?? {}).map(([command, line]) => [command, says(line)] as const)
  const relay = await startScriptedSmtp(t, Object.fromEntries(script))
  const server = await startSubmission(t, {
    certificate,
    relayPort: relay.port,
    configuration: fault.configuration ?? '',
  })
  const security = fault.askedFor ?? 'tls'
  const port = (fault.port ?? security) === 'tls' ? server.tlsPort : server.port
  const before = (await server.log()).length
  await askSwaks(t, {port, security, ca}, fault.password ?? server.password)
  await sleep(500)
  const logged = (await server.log()).slice(before)
  const said = lastOf(logged, /(?<=: (?:Info|Error|Warning): ).*/gm)
  return {words: said.replace(/ user=<>,| rip=\S+ lip=\S+|,? session=\S+/g, ''), code: null}
}

const says =
  (line: string) =>
  ({reply}: {readonly reply: (line: string) => void}) =>
    reply(line)

const lastOf = (told: string, pattern: RegExp, many = 1): string =>
  (told.match(pattern) ?? [])
    .slice(-many)
    .map((line) => line.trim())
    .join(' / ')

async function fileOf(t: TestContext, content: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-compare-'))
  t.after(() => rm(directory, {recursive: true, force: true}))
  const path = join(directory, 'file.pem')
  await writeFile(path, content)
  return path
}
