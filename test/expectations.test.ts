import assert from 'node:assert/strict'
import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, test, type TestContext} from 'node:test'
import {PostdeskError} from '../src/lib/errors.ts'
import {tell} from '../src/lib/explain-batch.ts'
import type {Explanation, ExplainedMessage} from '../src/lib/explain-result.ts'
import {createChecker, readExpectations, type Checked} from '../src/lib/expectations.ts'
import {parseMessage} from '../src/lib/message/parse.ts'
import {mail} from './support/portal.ts'

function explanation(source: string, subject = 'Question'): Explanation {
  const bytes = mail({From: 'Jane <jane@example.com>', To: 'support@acme.example, info@acme.example', Subject: subject})
  return {
    source,
    message: JSON.parse(Buffer.from(tell(parseMessage(bytes)).told).toString()) as ExplainedMessage,
    verdict: {kind: 'human', reason: 'no sign of a machine'},
    recipientMatch: {channel: 'support@acme.example', address: 'support@acme.example', header: 'to'},
    thread: {
      method: 'new',
      ticket: null,
      openedBy: null,
      value: null,
      reopens: false,
      thirdParty: false,
      references: [],
      rejected: [],
    },
    requester: {name: 'Jane', address: 'jane@example.com'},
    route: {queue: 'support', owner: null, why: 'queue support; nobody is there'},
    autoReply: {send: false, why: 'off'},
    quarantine: null,
    duplicate: null,
  }
}

async function caseFile(t: TestContext, text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-expect-'))
  t.after(() => rm(directory, {recursive: true, force: true}))
  const path = join(directory, 'cases.jsonl')
  await writeFile(path, text)
  return path
}

async function checked(t: TestContext, cases: readonly object[], mails: readonly Explanation[]): Promise<Checked> {
  const path = await caseFile(t, cases.map((item) => `${JSON.stringify(item)}\n`).join('\n'))
  const checker = createChecker(await readExpectations(path))
  for (const item of mails) checker.check(item)
  return checker.end()
}

describe('expectations', () => {
  test('hold where all that is given holds', async (t) => {
    const {cases, differences, withoutCase} = await checked(
      t,
      [
        {source: 'in/a.eml', expect: {recipientMatch: {channel: 'support@acme.example'}, quarantine: null}},
        {
          file: 'a.eml',
          message: {to: [{address: 'support@acme.example'}, {}], attachments: []},
          autoReply: {send: false},
        },
        {source: 'a.eml', route: {why: {matches: '^queue \\w+; nobody'}}, thread: {rejected: []}},
      ],
      [explanation('in/a.eml')],
    )
    assert.deepEqual([cases, differences, withoutCase], [3, [], []])
  })

  test('what does not hold is named by its place, with what was expected and what is there', async (t) => {
    const {differences} = await checked(
      t,
      [
        {
          source: 'a.eml',
          expect: {
            message: {subject: 'question', to: [{address: 'support@acme.example'}, {address: 'x@y'}], cc: [{}]},
            route: {owner: 'ann@acme.example', why: {matches: '^Queue'}},
            quarantine: {reason: 'oversized'},
            thread: {ticket: 0},
            toString: null,
            unknown: true,
          },
        },
      ],
      [explanation('a.eml')],
    )
    assert.deepEqual(
      differences.map(({path, expected, got}) => [path, expected, got]),
      [
        ['message.subject', 'question', 'Question'],
        ['message.to[1].address', 'x@y', 'info@acme.example'],
        ['message.cc', [{}], []],
        ['route.owner', 'ann@acme.example', null],
        ['route.why', {matches: '^Queue'}, 'queue support; nobody is there'],
        ['quarantine', {reason: 'oversized'}, null],
        ['thread.ticket', 0, null],
        ['unknown', true, null],
      ],
    )
  })

  test('a mail is found by its source, else by its name where only one has it', async (t) => {
    const about = (subject: string) => ({message: {subject}})
    const {differences, withoutCase} = await checked(
      t,
      [
        {source: 'b.eml', ...about('in full')},
        {source: 'box#2', ...about('second')},
        {source: 'twice.eml', ...about('one')},
        {source: 'other/c.eml', ...about('c')},
        {source: 'missing.eml', ...about('m')},
      ],
      [
        explanation('x/b.eml', 'by name'),
        explanation('b.eml', 'in full'),
        explanation('in/box#1', 'first'),
        explanation('in/box#2', 'second'),
        explanation('x/twice.eml', 'one'),
        explanation('y/twice.eml', 'one'),
        explanation('c.eml', 'c'),
      ],
    )
    assert.deepEqual(differences, [
      {source: 'twice.eml', path: '', expected: 'one mail of that name', got: ['x/twice.eml', 'y/twice.eml']},
      {source: 'other/c.eml', path: '', expected: 'a mail', got: null},
      {source: 'missing.eml', path: '', expected: 'a mail', got: null},
    ])
    assert.deepEqual(withoutCase, ['x/b.eml', 'in/box#1', 'c.eml'])
  })

  test('a line that is no case is refused by its number', async (t) => {
    for (const [line, why] of [
      ['{"source": "a.eml"', /no JSON/],
      ['["a.eml"]', /is an object/],
      ['{"expect": {}}', /names no mail/],
      ['{"source": 3}', /names no mail/],
      ['{"source": "a.eml", "expect": []}', /"expect" is not an object/],
      ['{"source": "a.eml", "route": {"why": {"matches": "("}}}', /regular expression/i],
    ] as const)
      await assert.rejects(readExpectations(await caseFile(t, `{"source": "a.eml"}\n\n${line}\n`)), (error) => {
        assert.ok(error instanceof PostdeskError)
        assert.equal(error.exitCode, 65)
        assert.match(error.title, /^Line 3 of /)
        assert.match(error.why, why)
        return true
      })
    await assert.rejects(readExpectations('/nowhere/cases.jsonl'), {exitCode: 66})
  })
})
