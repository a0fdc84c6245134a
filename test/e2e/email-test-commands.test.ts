/** What `email test` says to a healthy server, beside what swaks says to the same one. */
import assert from 'node:assert/strict'
import {test} from 'node:test'
import {startAccountDesk, trust} from '../support/accounts.ts'
import {makeCertificates} from '../support/certificates.ts'
import {startDns} from '../support/dns-server.ts'
import {startScriptedSmtp} from '../support/scripted-smtp.ts'
import {startSubmission, submissionMissing, type SubmissionServer} from '../support/submission.ts'
import {saidBySwaks, swaks, swaksMissing} from '../support/swaks.ts'

/** Of the commands that swaks needs to prove a login. */
const AT_MOST = 1.5

const WAYS = [
  {security: 'starttls', portOf: ({port}: SubmissionServer) => port, flag: '--tls'},
  {security: 'tls', portOf: ({tlsPort}: SubmissionServer) => tlsPort, flag: '--tls-on-connect'},
] as const

test(
  'a healthy address costs no command more than swaks needs for as much, and few more than it needs for the login',
  {skip: submissionMissing() || swaksMissing()},
  async (t) => {
    const desk = await startAccountDesk(t, 'sqlite')
    const {address} = await startDns(t, {'care.example': {txt: ['v=spf1 ip4:127.0.0.1 -all']}})
    desk.env['POSTDESK_RESOLVER'] = `${address.host}:${address.port}`
    const [certificates, relay] = await Promise.all([makeCertificates(t), startScriptedSmtp(t)])
    await trust(desk, certificates)
    const server = await startSubmission(t, {certificate: certificates.good, relayPort: relay.port})
    for (const {security, portOf, flag} of WAYS) {
      const port = portOf(server)
      await desk.json(
        0,
        `email add smtp ${security}@care.example --host localhost --port ${port} --security ${security} --user ${server.user} --password-stdin --no-verify`,
        server.password,
      )
      const {result} = await desk.json(0, `email test ${security}@care.example --transcript`)
      const said = (result.transcript as {from: string; text: string}[]).flatMap(({from, text}) =>
        from === 'client' ? text.split(/\W/, 1) : [],
      )
      const until = async (step: string) => {
        const login = `--auth PLAIN --auth-user ${server.user} --auth-password`.split(' ')
        const words = `--server localhost --port ${port} ${flag} --to ${server.user} --quit-after ${step}`.split(' ')
        const {code, told} = await swaks([...words, ...login, server.password])
        assert.equal(code, 0, told)
        return saidBySwaks(told)
      }
      const [login, recipient] = [await until('AUTH'), await until('RCPT')]
      const times = said.length / login.length
      t.diagnostic(
        `${security}: email test ${said.length} (${said.join(' ')}), swaks --quit-after AUTH ${login.length} (${login.join(' ')}): ${times.toFixed(2)} times`,
      )
      assert.deepEqual(said, recipient)
      assert.deepEqual([...said.slice(0, said.indexOf('AUTH') + 1), 'QUIT'], login)
      // From the first byte in TLS a login takes three, and its sender and its recipient cannot be asked for with one.
      if (security === 'starttls') assert.ok(times <= AT_MOST)
    }
  },
)
