import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {QuarantineDetails, QuarantinePage} from '../../src/lib/quarantine-summary.ts'
import {startProgram} from '../support/program.ts'
import {customerMail} from '../support/seed.ts'

test('the quarantine is listed and shown, with what to do', async (t) => {
  const {json, run, deliver} = await startProgram(t, 'sqlite')
  assert.equal((await run(['quarantine', 'list'])).stdout, 'Nothing waits in the quarantine.\n')
  await deliver([
    customerMail({To: 'unknown@acme.example', Subject: 'Lost \u202Eone'}),
    customerMail({To: 'unknown@acme.example'}),
  ])
  const {result, nextSteps} = await json<QuarantinePage>(['quarantine', 'list', '--limit', '1'])
  assert.deepEqual(Object.keys(result), ['items', 'counts', 'purged', 'purgedByReason', 'next'])
  assert.deepEqual([result.counts, result.purged, result.items.length], [{'unknown-recipient': 2}, 0, 1])
  assert.deepEqual(nextSteps, [
    `postdesk quarantine show ${result.items[0]!.id}`,
    `postdesk quarantine list --limit 1 --json --after ${result.next}`,
  ])
  const next = await json<QuarantinePage>(['quarantine', 'list', '--after', result.next!])
  const [item] = next.result.items
  assert.equal(item!.subject, 'Lost \u202Eone')

  const shown = await json<QuarantineDetails>(['quarantine', 'show', String(item!.id)])
  assert.deepEqual([shown.result.kept, shown.result.headers.length > 4], ['whole', true])
  const text = (await run(['quarantine', 'show', String(item!.id)])).stdout
  assert.match(text, /subject: Lost <U\+202E>one/)
  assert.match(text, /postdesk email add internal/)
  assert.match(text, new RegExp(`postdesk quarantine retry ${item!.id}`))

  for (const [words, exitCode] of [
    [['quarantine', 'list', '--reason', 'spam'], 64],
    [['quarantine', 'show'], 64],
    [['quarantine', 'show', 'x'], 64],
    [['quarantine', 'show', '999'], 67],
  ] as const)
    assert.equal((await json(words)).exitCode, exitCode, words.join(' '))
})
