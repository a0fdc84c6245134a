/** Sending by a real submission server. */
import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {SmtpAccount} from '../../src/lib/smtp/account.ts'
import {createSmtpSender} from '../../src/lib/smtp/connect.ts'
import {verifySmtpLogin} from '../../src/lib/smtp/verify-login.ts'
import {Secret} from '../../src/lib/secret/secret.ts'
import {makeCertificates} from '../support/certificates.ts'
import {startSmtpSink} from '../support/smtp-sink.ts'
import {startSubmission, submissionMissing} from '../support/submission.ts'

test(
  'Dovecot takes mail by STARTTLS and by TLS, and refuses a wrong password',
  {skip: submissionMissing()},
  async (t) => {
    const {ca, good} = await makeCertificates(t)
    const sink = await startSmtpSink(t, {refuse: [/^nobody@/]})
    const server = await startSubmission(t, {certificate: good, relayPort: sink.port})
    const {host, port, tlsPort, user} = server
    const account = {host, user, password: new Secret(server.password), ca}
    const ways: SmtpAccount[] = [
      {...account, port, security: 'starttls'},
      {...account, port: tlsPort, security: 'tls'},
    ]
    for (const [at, way] of ways.entries()) {
      const connection = await createSmtpSender(way).open(AbortSignal.timeout(20_000))
      const raw = Buffer.from(`Subject: ${at}\r\n\r\n.dot\r\n..\r\ngrüße\r\n`)
      const receipt = await connection.send({
        sender: 'support@acme.example',
        fallbackSender: null,
        recipients: ['ann@example.com', 'nobody@example.com'],
        raw,
      })
      await connection.close()
      assert.deepEqual(
        receipt.recipients.map(({result}) => result),
        ['sent', 'failed'],
        JSON.stringify(receipt),
      )
      const {raw: arrived, recipients} = (await sink.waitFor(at + 1))[at]!
      assert.deepEqual(recipients, ['ann@example.com'])
      // Above it stands the trace that the server added.
      assert.ok(arrived.toString().endsWith(raw.toString()), arrived.toString())

      await assert.rejects(verifySmtpLogin({...way, password: new Secret('wrong')}, AbortSignal.timeout(20_000)), {
        code: 'DOVECOT_SMTP_LOGIN_REFUSED',
        exitCode: 24,
        serverReply: /^535 5\.7\.8 /,
      })
    }
    await assert.rejects(verifySmtpLogin({...ways[0]!, security: 'tls'}, AbortSignal.timeout(20_000)), {
      code: 'TLS_WRONG_MODE',
      exitCode: 22,
    })
  },
)
