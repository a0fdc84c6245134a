import assert from 'node:assert/strict'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {test} from 'node:test'
import {formatBytes} from '../../src/lib/cli/format-bytes.ts'
import {QUARANTINE_REASONS} from '../../src/lib/intake/facts.ts'
import {BUDGETED_REASONS, QUARANTINE_BUDGET, REASONS} from '../../src/lib/intake/quarantine-reasons.ts'
import {ROOT} from '../support/run-postdesk.ts'

test('docs/quarantine.md says of every reason what the table says', () => {
  const page = readFileSync(join(ROOT, 'docs/quarantine.md'), 'utf8')
  const rows = page.split('\n').filter((line) => /^\| `.*(\|.*){5}$/.test(line))
  const expected = QUARANTINE_REASONS.map((reason) => {
    const {means, mends, retry, keptDays, keptWhy} = REASONS[reason]
    const kept = keptDays === null ? 'until somebody acts' : `${keptDays} days`
    return `| \`${reason}\` | ${means} | ${mends} | ${retry} | ${kept}: ${keptWhy} |`
  })
  assert.deepEqual(rows, expected)
  const budgeted = BUDGETED_REASONS.map((reason) => `\`${reason}\``)
  assert.ok(page.includes(new Intl.ListFormat('en').format(budgeted)))
  assert.ok(page.includes(QUARANTINE_BUDGET.mails.toLocaleString('en-US')))
  assert.ok(page.includes(formatBytes(QUARANTINE_BUDGET.bytes)))
})

test('only what a stranger can send in any number has an end, and all of that has one', () => {
  assert.deepEqual(Object.keys(REASONS).toSorted(), [...QUARANTINE_REASONS].sort())
  for (const [reason, {keptDays, budgeted}] of Object.entries(REASONS))
    assert.equal(keptDays !== null, budgeted, reason)
})
