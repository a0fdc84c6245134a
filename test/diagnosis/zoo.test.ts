import assert from 'node:assert/strict'
import {describe, it} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import {verdictOf} from '../../src/lib/diagnosis/verdict.ts'
import {climbServer} from '../support/climb-server.ts'
import {ZOO} from '../support/zoo.ts'

/** Longer than the latest greeting. */
const REPLY_MS = 7000
/** Most animals wait for something. */
const AT_ONCE = 8

describe('of every misbehaving server one knows what is wrong with it', {concurrency: AT_ONCE}, () => {
  for (const {name, protocol, expects, start} of ZOO)
    it(`${protocol}: ${name}`, async (t) => {
      const {host, port, security, ca, user, password, heard, open} = await start(t)
      const climbed = await climbServer(
        {protocol, host, port, security, ca, user, password, family: null},
        {replyMs: REPLY_MS},
      )
      const {status, stage, code, exitCode} = verdictOf(climbed.stages, {strict: false, requireDomainAuth: false})
      assert.deepEqual({status, stage, code, exitCode}, expects, JSON.stringify(climbed.stages, null, 1))

      // Whatever is wrong before the login, nobody is told the password, and no report has it.
      if (status === 'fail')
        assert.deepEqual(
          heard.filter((command) => /^(AUTH|LOGIN)/.test(command)),
          [],
        )
      for (const secret of [password, Buffer.from(`\0${user}\0${password}`).toString('base64')])
        assert.equal(climbed.everything.includes(secret), false)
      if (stage === 'tls' && status === 'fail') assert.match(heard.at(-1) ?? 'STARTTLS', /^STARTTLS$/)

      for (let left = 100; open() > 0 && left > 0; left--) await sleep(10)
      assert.equal(open(), 0, 'a connection is still open')
    })
})
