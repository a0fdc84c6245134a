/** Real and odd mails that are not part of the repository: the program gets through all of them. */
import assert from 'node:assert/strict'
import {readdirSync} from 'node:fs'
import {dirname} from 'node:path'
import {test} from 'node:test'
import type {Explanation} from '../src/lib/explain-result.ts'
import {corpusCases, corpusFolders} from './support/corpus.ts'
import {postdesk, temporaryHome} from './support/run-postdesk.ts'

const folders = corpusFolders().filter((folder) => corpusCases(folder).some(({kind}) => kind === 'message'))

test('there are folders of real mail', {skip: folders.length === 0 && 'no corpus here'}, async (t) => {
  for (const folder of folders)
    await t.test(`every mail of ${folder} is explained, and none breaks the parser`, async (t) => {
      const cases = corpusCases(folder).filter(({kind}) => kind === 'message')
      const directory = dirname(cases[0]!.path)
      const home = await temporaryHome(t)
      const {code, stdout, stderr} = await postdesk(['email', 'explain', directory, '--jsonl'], {home})
      assert.equal(code, 0, stderr)
      const told = new Map(
        stdout
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line) as Explanation)
          .map((explanation) => [explanation.source, explanation]),
      )
      for (const {path} of cases) {
        const defects = told.get(path)?.message.defects
        assert.ok(defects, `${path} is missing`)
        assert.deepEqual(
          defects.filter(({code}) => code === 'parse-failed'),
          [],
          path,
        )
      }
      // A mail is one mail, whatever lines are in it.
      const mails = readdirSync(directory, {recursive: true, encoding: 'utf8'}).filter((name) => name.endsWith('.eml'))
      assert.equal([...told.keys()].filter((source) => source.endsWith('.eml')).length, mails.length)
    })
})
