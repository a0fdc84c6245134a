import assert from 'node:assert/strict'
import {readFileSync} from 'node:fs'
import {test} from 'node:test'
import {partsOfReply, rowOfReply} from '../../src/lib/connection/explain-reply.ts'
import {REPLY_CLASSES, REPLY_PROVIDERS, REPLY_ROWS} from '../../src/lib/connection/reply-table/index.ts'
import {MADE_UP, REPLY_EXAMPLES} from '../fixtures/replies.ts'

const contextOf = ({protocol, step, host}: (typeof REPLY_EXAMPLES)[number]) =>
  ({protocol, step, host, provider: null, user: null}) as const

for (const example of REPLY_EXAMPLES)
  test(`${example.rule}, said to ${example.step}: ${example.reply.split('\n', 1)[0]!.slice(0, 70)}`, () => {
    const row = rowOfReply(example.reply, contextOf(example))
    assert.deepEqual(
      [row?.id, row?.exitCode, row?.certainty, row?.provider],
      [example.rule, example.exitCode, example.certainty, example.provider],
    )
    const parts = partsOfReply(example.reply, {...contextOf(example), user: 'help@acme.example'})
    assert.deepEqual([parts.code, parts.exitCode, parts.certainty], [example.rule, example.exitCode, example.certainty])
    assert.match(parts.title, /for help@acme\.example at /)
    assert.ok(parts.stage !== undefined)
  })

test('every row has an example, and is reached by it', (t) => {
  const shown = new Set(REPLY_EXAMPLES.map(({rule}) => rule))
  const without = REPLY_ROWS.filter(({id}) => !shown.has(id)).map(({id}) => id)
  const covered = ((REPLY_ROWS.length - without.length) / REPLY_ROWS.length) * 100
  const count = (certainty: string) => REPLY_ROWS.filter((row) => row.certainty === certainty).length
  t.diagnostic(
    `${REPLY_ROWS.length} rows, ${covered} % covered by ${REPLY_EXAMPLES.length} replies; ${count('certain')} certain, ${count('likely')} likely; the words of ${MADE_UP.size} rows are made up`,
  )
  assert.deepEqual(without, [])
  const documented = readFileSync(new URL('../../docs/replies.md', import.meta.url), 'utf8')
  assert.ok(
    documented.includes(`${REPLY_ROWS.length} rows, each reached by at least one of ${REPLY_EXAMPLES.length} replies`),
  )
  for (const certainty of ['certain', 'likely'])
    assert.ok(documented.includes(`| \`${certainty}\` | ${count(certainty)} |`), certainty)
  assert.ok([...MADE_UP].every((id) => shown.has(id)))
})

test('every row says what is wrong, why, how it is mended, and where that is known from', () => {
  const ids = REPLY_ROWS.map(({id}) => id)
  assert.deepEqual(
    ids.filter((id, at) => ids.indexOf(id) !== at),
    [],
  )
  for (const row of [...REPLY_ROWS, ...REPLY_CLASSES]) {
    assert.match(row.id, /^[A-Z][A-Z0-9]+(_[A-Z0-9]+)+$/)
    assert.ok(row.steps.length > 0, row.id)
    assert.ok(row.title.length > 0 && !row.title.endsWith('.'), row.id)
    // One sentence, as it stands after a colon.
    assert.ok(row.why.length > 0 && !/[.!?] [A-Z]/.test(row.why) && !row.why.endsWith('.'), row.id)
    assert.ok(row.fixes.length > 0 && row.fixes.every(({text}) => text.length > 0), row.id)
    assert.ok(row.source.length > 0, row.id)
    assert.ok(row.causes === undefined || row.causes.length > 1, `${row.id}: one cause is why`)
  }
  // Several causes are never certain, but where the reply tells which of them it is.
  const sure = REPLY_ROWS.filter(({causes, certainty}) => causes !== undefined && certainty === 'certain')
  assert.deepEqual(
    sure.map(({id}) => id),
    ['SES_UNVERIFIED_IDENTITY', 'SENDGRID_KEY_REVOKED'],
  )
})

test('the code of a row says whose words they are, and every provider has a row', () => {
  const known = new Set(REPLY_PROVIDERS.map(({id}) => id))
  for (const {id, provider, onlyThere} of REPLY_ROWS) {
    assert.ok(provider === null || known.has(provider), id)
    assert.equal(provider === null, /^(SMTP|IMAP|OAUTH)_/.test(id), id)
    assert.ok(onlyThere !== true || REPLY_PROVIDERS.find((one) => one.id === provider)?.hosts, id)
  }
  const speaking = new Set(REPLY_ROWS.map(({provider}) => provider))
  assert.deepEqual(
    [...known].filter((id) => !speaking.has(id)),
    [],
  )
})

test('what stops an account after a recipient or a message is known by how the reply begins', () => {
  for (const {id, about, steps, match} of REPLY_ROWS) {
    if (about !== undefined || !(steps.includes('recipient') || steps.includes('message'))) continue
    for (const {code, detail, text} of [match].flat())
      assert.ok(code !== undefined || detail !== undefined || text?.source.startsWith('^'), id)
  }
})

test('what is guessed by class says so, and asks for a report', () => {
  for (const {certainty, fixes, provider} of REPLY_CLASSES) {
    assert.deepEqual([certainty, provider], ['guess', null])
    assert.match(fixes.at(-1)!.text, /report them/)
  }
})
