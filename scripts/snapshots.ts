/**
 * Makes test/snapshots/help: the page of help of every command and topic as it is printed, so that a change of a name, a
 * flag or a sentence is seen in review. `npm run snapshots -- --check` compares only.
 */
import {resolve} from 'node:path'
import {describeCommands} from '../src/lib/cli/describe-commands.ts'
import {HELP_TOPICS} from '../src/lib/cli/help-topics.ts'
import {helpText} from '../src/lib/cli/help.ts'
import {styleOf} from '../src/lib/cli/style.ts'
import {settle} from './generated-files.ts'

const root = resolve(import.meta.dirname, '..')
const style = {...styleOf(process.stdout, {noColour: true}), width: null}

const pages = [
  {name: 'postdesk', words: []},
  ...Object.keys(HELP_TOPICS).map((name) => ({name: `help-${name}`, words: [name]})),
  ...(await describeCommands(root)).map(({id}) => ({name: id.replaceAll(':', '-'), words: id.split(':')})),
]
const files = new Map<string, string>()
for (const {name, words} of pages) files.set(`${name}.txt`, `${await helpText(words, root, style)}\n`)
settle('test/snapshots/help', files)
