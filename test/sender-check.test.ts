import assert from 'node:assert/strict'
import {test} from 'node:test'
import {createSenderCheck} from '../src/lib/sender-check.ts'
import {accepted, arrival, deskFacts, NOW} from './intake/desk.ts'

const TRUSTED = 'mx.acme.example'

test('no field and no date keeps a forger from being seen: what the trusted server says is always heard', async () => {
  const check = createSenderCheck({resolver: null, clock: {now: () => NOW}})
  const forged = {
    Received: 'from evil.example by mx.acme.example; Sun, 1 Mar 2026 08:59:00 +0000',
    'Authentication-Results': `${TRUSTED}; dmarc=fail header.from=example.com`,
    Cc: 'crony@evil.example',
    Subject: 'Re: Printer [#1]',
  }
  for (const excuse of [
    {Precedence: 'bulk'},
    {'Auto-Submitted': 'auto-replied'},
    {Date: 'Sun, 01 Feb 2026 08:00:00 +0000'},
  ]) {
    const mail = arrival({...forged, ...excuse}, {source: {trustedAuthservId: TRUSTED}})
    const checked = await check(mail, Buffer.from(''))
    assert.equal(checked.authentication?.dmarc, 'fail')
    const {thread, participants} = accepted(
      checked,
      deskFacts({tickets: [{id: 1, status: 'closed', participants: ['jane@example.com']}]}),
    )
    assert.deepEqual([thread.method, thread.reopens, participants], ['new', false, ['jane@example.com']])
  }
})
