import assert from 'node:assert/strict'
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {connect, createServer, type AddressInfo, type Socket} from 'node:net'
import {test, type TestContext} from 'node:test'
import type {Finding} from '../../src/lib/channel/stage.ts'
import {IMAP, SMTP} from '../../src/lib/connection/protocol.ts'
import {lookAtOutbound, type MailServer} from '../../src/lib/doctor/outbound.ts'
import {lookAtResolvers} from '../../src/lib/doctor/resolvers.ts'
import {startDns} from '../support/dns-server.ts'
import {freePort} from '../support/stores.ts'

const server = (port: number, fields: Partial<MailServer> = {}): MailServer => ({
  protocol: SMTP,
  host: '127.0.0.1',
  port,
  security: 'starttls',
  usedBy: 'help@acme.example',
  ...fields,
})

const serversIn = ({evidence = {}}: Finding) =>
  evidence['servers'] as unknown as readonly {error: string; webAnswers: boolean | null}[]

/** A port that takes connections. */
async function listen(t: TestContext): Promise<number> {
  const listener = createServer((socket) => socket.on('error', () => {}).end()).listen(0, '127.0.0.1')
  t.after(() => listener.close())
  await once(listener, 'listening')
  return (listener.address() as AddressInfo).port
}

/** A port that answers nothing to who would connect, as behind a filter: its queue is full, and nobody takes from it. */
async function silentPort(t: TestContext): Promise<number> {
  const program = spawn(process.execPath, [
    '-e',
    "const s = require('net').createServer().listen({port: 0, host: '127.0.0.1', backlog: 1}, () => console.log(s.address().port))",
  ])
  const [line] = (await once(program.stdout, 'data')) as [Buffer]
  const port = Number(line.toString())
  program.kill('SIGSTOP')
  const sockets: Socket[] = [1, 2, 3].map(() => connect(port, '127.0.0.1').on('error', () => {}))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    program.kill('SIGKILL')
  })
  await once(sockets[0]!, 'connect')
  return port
}

test('servers that can be reached pass, and each is connected to once', async (t) => {
  const port = await listen(t)
  const finding = await lookAtOutbound([server(port), server(port, {usedBy: 'relay'}), server(await listen(t))])
  assert.equal(finding.status, 'pass')
  assert.equal(serversIn(finding).length, 2)
})

test('a port that refuses is told apart from one that is silent while the web answers', async (t) => {
  const [refusing, silent, web] = [await freePort(), await silentPort(t), await listen(t)]
  const options = {webPort: web, timeoutMs: 300}
  const refused = await lookAtOutbound([server(refusing)], options)
  assert.equal('problem' in refused && refused.problem.code, 'TCP_REFUSED')

  const blocked = await lookAtOutbound([server(silent), server(refusing)], {...options, proxies: ['HTTPS_PROXY']})
  assert.ok('problem' in blocked)
  const {code, exitCode, title, why, certainty, fixes} = blocked.problem
  assert.deepEqual([blocked.status, code, exitCode, certainty], ['fail', 'PORT_BLOCKED', 21, 'likely'])
  assert.equal(title, `This network blocks 127.0.0.1:${silent}`)
  assert.match(why, new RegExp(`not even with a refusal, while port ${web} of the same host answers`))
  assert.match(JSON.stringify(fixes), /HTTPS_PROXY does not help/)
  assert.deepEqual(
    serversIn(blocked).map(({error, webAnswers}) => [error, webAnswers]),
    [
      ['TCP_TIMEOUT', true],
      ['TCP_REFUSED', null],
    ],
  )
})

test('a host where nothing answers at all is not said to be blocked', async (t) => {
  const silent = await silentPort(t)
  const finding = await lookAtOutbound([server(silent)], {webPort: await silentPort(t), timeoutMs: 300})
  assert.equal('problem' in finding && finding.problem.code, 'TCP_TIMEOUT')
})

test('of several servers the lowest class decides, and the others are named', async () => {
  const refusing = server(await freePort(), {protocol: IMAP, usedBy: 'inbound'})
  const finding = await lookAtOutbound([refusing, server(587, {host: 'smtp.nowhere.invalid'})])
  assert.ok('problem' in finding)
  assert.equal(finding.problem.exitCode, 20)
  assert.match(finding.problem.title, /and 1 more cannot be reached$/)
  assert.match(finding.problem.why, new RegExp(`127\\.0\\.0\\.1:${refusing.port} refuses the connection`))
})

test('without a server there is nothing to connect to', async () => {
  assert.equal((await lookAtOutbound([])).status, 'skip')
})

test('a resolver answers, also where it says that there is no such name', async (t) => {
  const dns = await startDns(t, {'smtp.acme.test': {a: ['192.0.2.1']}})
  for (const name of ['smtp.acme.test', 'nowhere.test']) {
    const finding = await lookAtResolvers(dns.address, {name, type: 'A'})
    assert.equal(finding.status, 'pass', name)
  }
  assert.deepEqual(dns.questions, ['A smtp.acme.test', 'A nowhere.test'], 'nothing else is asked')
})

test('a resolver that is silent, or fails, is named with what it does', async (t) => {
  const dns = await startDns(t, {'silent.test': 'silence', 'broken.test': 'servfail'})
  for (const [name, why] of [
    ['silent.test', 'DNS did not answer in time'],
    ['broken.test', 'DNS could not answer'],
  ] as const) {
    const finding = await lookAtResolvers(dns.address, {name, type: 'MX'})
    assert.ok('problem' in finding)
    assert.deepEqual([finding.status, finding.problem.code, finding.problem.why], ['fail', 'DNS_UNAVAILABLE', why])
    assert.equal(finding.problem.title, `127.0.0.1:${dns.address.port} does not answer`)
    assert.match(finding.problem.fixes![0]!.text, /POSTDESK_RESOLVER/)
  }
})

test('without a name to ask for nobody is asked, and the resolvers are told', async () => {
  const finding = await lookAtResolvers({host: '::1', port: 5353}, null)
  assert.deepEqual([finding.status, finding.evidence], ['skip', {resolvers: ['[::1]:5353']}])
})
