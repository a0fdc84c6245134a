/** `email test --all` on a portal of fifty hosts, whose passwords are wherever people keep them. */
import assert from 'node:assert/strict'
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {channelOwner, passwordBinding, passwordSecret} from '../../src/lib/account-password.ts'
import {createRedactor} from '../../src/lib/log.ts'
import {openBindings} from '../../src/lib/secret/bindings.ts'
import {Secret} from '../../src/lib/secret/secret.ts'
import {openVault} from '../../src/lib/secret/vault.ts'
import {findPortal} from '../../src/lib/store/portals.ts'
import {findQueue} from '../../src/lib/store/queues.ts'
import type {Store} from '../../src/lib/store/open.ts'
import {type Machine, startMachine} from '../support/accounts.ts'
import {makeAuthority} from '../support/certificates.ts'
import {startDns, type Script} from '../support/dns-server.ts'
import {type MailHandler, type MailServer, startMailServer} from '../support/mail-server.ts'
import {addSmtpChannel} from '../support/outgoing.ts'
import {startStore} from '../support/stores.ts'

const HOSTS = 50
/** Further addresses at the last host. */
const NEIGHBOURS = 5
const ADDRESSES = HOSTS + NEIGHBOURS
/** Connections that a host may have at once. */
const AT_ONCE = 2

/** What all may take, in times of what the slowest takes alone. */
const AT_MOST = 3
/** Before each server greets. */
const GREETING_MS = 300
/** Before each of the six answers of the slowest, which is the first. */
const SLOW_MS = 500
/** Until a program gives a password. */
const PROGRAM_S = 0.3

const PASSWORD = 'correct-horse-battery'
const PASSPHRASE = 'open-sesame-please'

const domainOf = (index: number) => `care${index}.example`
const addressOf = (index: number) => `help@${domainOf(index)}`

/** Each domain publishes all that it should. */
function zone(): Record<string, Script> {
  const records = Array.from({length: ADDRESSES}, (_, index): [string, Script][] => [
    [domainOf(index), {txt: ['v=spf1 ip4:127.0.0.1 -all'], mx: ['10 mx.example']}],
    [`_dmarc.${domainOf(index)}`, {txt: ['v=DMARC1; p=reject; rua=mailto:dmarc@mx.example']}],
  ])
  return Object.fromEntries([...records.flat(), ['mx.example', {a: ['127.0.0.1']}]])
}

const late =
  (ms: number): MailHandler =>
  ({usual}) =>
    void setTimeout(usual, ms).unref()

interface Host extends Pick<MailServer, 'address' | 'port'> {
  /** The most connections that it ever had open at once. */
  most(): number
}

/** Servers on 127.0.0.2 and the addresses behind it, with TLS. */
async function startHosts(t: TestContext): Promise<{readonly hosts: readonly Host[]; readonly ca: string}> {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-hosts-'))
  t.after(() => rm(directory, {recursive: true, force: true}))
  const addresses = Array.from({length: HOSTS}, (_, index) => `127.0.0.${index + 2}`)
  const authority = await makeAuthority(directory)
  const {certificate, key} = await authority.issue('hosts', {names: addresses.map((one) => `IP:${one}`).join()})
  const tls = {cert: await readFile(certificate), key: await readFile(key)}
  const hosts = addresses.map(async (address, index): Promise<Host> => {
    let most = 0
    const greeting: MailHandler = (exchange) => {
      most = Math.max(most, server.open())
      late(index === 0 ? SLOW_MS : GREETING_MS)(exchange)
    }
    const answers = index === 0 ? ['EHLO', 'AUTH', 'MAIL', 'RCPT', 'QUIT'] : []
    const commands = {...Object.fromEntries(answers.map((name) => [name, late(SLOW_MS)])), greeting}
    const server = await startMailServer(t, {protocol: 'smtp', speaks: 'tls', address, tls, commands})
    return {address, port: server.port, most: () => most}
  })
  return {hosts: await Promise.all(hosts), ca: authority.ca}
}

/** Puts the addresses into the store, and their passwords into a vault, a variable, and a program, in turn. */
async function addAddresses({home, env}: Machine, store: Store, hosts: readonly Host[]): Promise<void> {
  const portal = (await findPortal(store.db, 'acme'))!
  const queue = (await findQueue(store.db, portal.id, 'support'))!
  const bindings = openBindings(join(home, 'config/bindings.json'))
  const vault = (scryptLogN?: number) =>
    openVault({
      path: join(home, 'data/vault.age'),
      env: {POSTDESK_VAULT_PASSPHRASE: PASSPHRASE},
      redactor: createRedactor(),
      warn: assert.fail,
      ...(scryptLogN === undefined ? {} : {scryptLogN}),
    })
  const quick = vault(10)
  for (let index = 0; index < ADDRESSES; index++) {
    const {address: host, port} = hosts[Math.min(index, HOSTS - 1)]!
    const [address, security] = [addressOf(index), 'tls'] as const
    const id = await addSmtpChannel(store, portal, address, {server: {host, port, security}, queueId: queue.id})
    const boundTo = passwordBinding({host, port, security, user: address})
    const secret = await passwordSecret(store, portal, channelOwner({id, address}), boundTo)
    const ways = [
      // The last leaves it as dear to open as a user's is.
      () => (index + 3 < ADDRESSES ? quick : vault()).set(secret.id, new Secret(PASSWORD)),
      () => bindings.set(secret.id, {kind: 'env', variable: 'SMTP_PASSWORD'}),
      () => bindings.set(secret.id, {kind: 'cmd', argv: ['sh', '-c', `sleep ${PROGRAM_S}; echo ${PASSWORD}`]}),
    ]
    await ways[index % ways.length]!()
  }
  delete env['POSTDESK_VAULT_IDENTITY_FILE']
  Object.assign(env, {POSTDESK_VAULT_PASSPHRASE: PASSPHRASE, SMTP_PASSWORD: PASSWORD})
}

interface Report {
  readonly target: string
  readonly startedAt: string
  readonly durationMs: number
  readonly verdict: {readonly status: string}
}

/** From the beginning of the first to the end of the last, in ms. */
function lengthOf(reports: readonly Report[]): number {
  const begin = (report: Report) => Date.parse(report.startedAt)
  return Math.max(...reports.map((one) => begin(one) + one.durationMs)) - Math.min(...reports.map(begin))
}

test(`${HOSTS} hosts are tested in at most ${AT_MOST} times what the slowest takes alone, over at most ${AT_ONCE} connections each`, async (t) => {
  const store = await startStore(t, 'sqlite')
  const machine = await startMachine(t, store.url)
  await machine.json(0, 'portal add acme --domain acme.example')
  await machine.json(0, 'queue add support')
  const [{hosts, ca}, {address: resolver}] = await Promise.all([startHosts(t), startDns(t, zone())])
  await addAddresses(machine, store, hosts)
  machine.env['POSTDESK_RESOLVER'] = `${resolver.host}:${resolver.port}`
  const authority = join(machine.home, 'authority.pem')
  await writeFile(authority, ca)

  const timed = async (what: string) => {
    const began = performance.now()
    const {result} = await machine.json(0, `email test ${what} --ca-file ${authority}`)
    return {result, ms: Math.round(performance.now() - began)}
  }
  const alone = await timed(addressOf(0))
  const all = await timed('--all')
  const [slowest, reports] = [alone.result as Report, all.result.tests as readonly Report[]]
  t.diagnostic(
    `the slowest alone ${slowest.durationMs} ms, all ${lengthOf(reports)} ms; with the start of the program and the passwords ${alone.ms} and ${all.ms} ms`,
  )
  assert.deepEqual(
    reports.filter(({verdict}) => verdict.status !== 'pass'),
    [],
  )
  assert.equal(reports.length, ADDRESSES)
  assert.ok(lengthOf(reports) <= AT_MOST * slowest.durationMs)
  assert.ok(all.ms <= AT_MOST * alone.ms)
  for (const {address, most} of hosts) assert.ok(most() <= AT_ONCE, `${address} had ${most()} connections at once`)
  assert.equal(hosts.at(-1)?.most(), AT_ONCE, 'and no fewer than it may')
})
