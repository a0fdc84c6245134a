/** A probe and a confirmation among the mail of a Maildir, as the commands tell of them. */
import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test} from 'node:test'
import type {EmailStatus} from '../../src/lib/email-status.ts'
import type {Explanation} from '../../src/lib/explain-result.ts'
import type {SyncLine} from '../../src/lib/sync.ts'
import {findPortal} from '../../src/lib/store/portals.ts'
import {fixture} from '../message/mail.ts'
import {deliverToMaildir, makeMaildir} from '../support/maildir.ts'
import {addForward, findProbe, forwarded, sendProbe} from '../support/probes.ts'
import {postdesk} from '../support/run-postdesk.ts'
import {customerMail} from '../support/seed.ts'
import {STORES} from '../support/stores.ts'
import {startSyncDesk} from '../support/sync-desk.ts'

for (const kind of STORES)
  test(`${kind}: a probe is counted as skipped, makes nothing, and its number is shown nowhere`, async (t) => {
    const desk = await startSyncDesk(t, kind)
    const place = {store: desk.store, portal: (await findPortal(desk.store.db, 'acme'))!}
    await addForward(place)
    const probe = await sendProbe(place, {sentAt: new Date().toISOString()})
    const mail = forwarded(probe.raw)
    const path = await makeMaildir(t)
    await deliverToMaildir(path, customerMail())
    await deliverToMaildir(path, mail)
    await deliverToMaildir(path, fixture('gmail-forwarding-code.eml'))
    const set = await desk.run(['portal', 'inbound', 'set', 'maildir', '--path', path, '--mark-seen'])
    assert.equal(set.code, 0, set.stderr)

    const file = join(desk.home, 'probe.eml')
    await writeFile(file, mail)
    const explained = (await desk.json(['email', 'explain', file])).result as Explanation
    assert.deepEqual(
      {
        verdict: explained.verdict,
        recipient: explained.recipientMatch?.channel,
        ticket: explained.thread.ticket,
        route: explained.route,
        autoReply: explained.autoReply,
        quarantine: explained.quarantine,
        duplicate: explained.duplicate,
        requester: explained.requester,
      },
      {
        verdict: {
          kind: 'own',
          reason: 'a probe: the forwarding of sales@shop.example is being tested',
          header: 'x-postdesk-probe',
        },
        recipient: 'sales@shop.example',
        ticket: null,
        route: {queue: null, owner: null, why: 'a probe opens no ticket'},
        autoReply: {send: false, why: 'it is a probe'},
        quarantine: null,
        duplicate: null,
        requester: null,
      },
    )
    const told = await desk.run(['email', 'explain', file])
    assert.match(told.stdout, /^Nothing +is done but to note that it came$/m)
    assert.match(told.stdout, /^Ticket +none$/m)
    assert.equal((await findProbe(place, probe.id)).arrivedAt, null, 'it was only told')

    const dry = await desk.json(['email', 'sync', '--dry-run'])
    assert.deepEqual([dry.result.totals.created, dry.result.totals.skipped, dry.result.totals.quarantined], [1, 1, 1])
    const {code, stdout} = await desk.run(['email', 'sync', '--jsonl'])
    assert.equal(code, 0)
    const lines = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as SyncLine)
    assert.deepEqual(lines.map(({outcome}) => outcome).toSorted(), ['created', 'quarantined', 'skipped'])
    const skipped = lines.find(({outcome}) => outcome === 'skipped')
    assert.equal(skipped?.reason, 'probe: the forwarding of sales@shop.example is being tested')
    assert.equal((await desk.sync()).result.totals.seen, 0)
    assert.deepEqual([await desk.count('ticket'), await desk.count('quarantine'), await desk.count('raw')], [1, 1, 2])

    const options = {home: desk.home, env: desk.env, input: mail}
    const delivered = await postdesk(['email', 'deliver', '--recipient=support@acme.example', '--json'], options)
    assert.equal(delivered.code, 0, delivered.stderr)
    assert.equal(JSON.parse(delivered.stdout).result.outcome, 'skipped')
    const {sightings} = await findProbe(place, probe.id)
    assert.deepEqual(
      sightings.map(({source}) => source.kind),
      ['maildir', 'pipe'],
    )
    assert.equal(await desk.count('ticket'), 1)

    const status = (await desk.json(['email', 'status'])).result as EmailStatus
    const finding = status.findings.find((each) => each.code === 'FORWARDING_CONFIRMATION')
    assert.match(finding?.text ?? '', /shop\.sales@gmail\.com .*code: 99427480; link: https:\/\/mail-settings/)
    const shown = await desk.run(['email', 'status'])
    assert.match(
      shown.stdout,
      /https:\/\/mail-settings\.google\.com\/mail\/vf-\S{100,}/,
      'the link can be opened as it is',
    )

    for (const {stdout, stderr} of [told, delivered, await desk.run(['email', 'explain', file, '--json', '--debug'])])
      assert.ok(!`${stdout}${stderr}`.includes(probe.nonce), `${stdout}${stderr}`)
  })
