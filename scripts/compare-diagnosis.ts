/**
 * Asks `email test`, swaks, openssl and Postfix about servers that are broken in one way each, and Dovecot, set up in the
 * same way, what it logs: makes the table of docs/diagnosis.md anew. Postfix wants to be run by root.
 *
 *   node scripts/compare-diagnosis.ts
 */
import {readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {TestContext} from 'node:test'
import {SET_UPS} from './compare-diagnosis/set-ups.ts'
import {askDovecot, askEmailTest, askOpenssl, askPostfix, askSwaks, type Said} from './compare-diagnosis/tools.ts'

const PAGE = join(import.meta.dirname, '../docs/diagnosis.md')
const COLUMNS = [
  '',
  '`postdesk email test`',
  'swaks',
  '`openssl s_client`',
  'Postfix, as a client',
  'Dovecot, as the server',
]

/** Characters of a cell. */
const SHOWN = 170

/** The servers of the tests end with a test; here with the program. */
const ends: (() => unknown)[] = []
const t = {
  after: (end: () => unknown) => ends.push(end),
  diagnostic: (text: string) => process.stderr.write(`${text}\n`),
} as unknown as TestContext

const cut = (words: string) => (words.length <= SHOWN ? words : `${words.slice(0, SHOWN - 1)}…`)

/** Without what is another each time. */
const settled = (words: string) =>
  words
    .replace(/\s+/g, ' ')
    .replace(/(?<=localhost(?:\[127\.0\.0\.1\])?:)\d{4,5}/g, 'PORT')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/(?<= )in \d secs/g, 'in N secs')

function cell(said: Said | null): string {
  if (said === null) return 'cannot be set up so'
  const words = cut(settled(said.words)).replaceAll('|', '\\|').replaceAll('`', "'")
  return `${words === '' ? 'nothing' : `\`${words}\``}${said.code === null ? '' : ` **${said.code}**`}`
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

async function makeTable(): Promise<string> {
  const cages = await Promise.all(SET_UPS.map((setUp) => setUp.start(t)))
  const byPostfix = await askPostfix(t, cages)
  const rows = [row(COLUMNS), row(COLUMNS.map(() => '---'))]
  for (const [index, {fault, dovecot}] of SET_UPS.entries()) {
    const cage = cages[index]!
    const said = [
      await askEmailTest(t, cage),
      await askSwaks(t, cage),
      await askOpenssl(t, cage),
      byPostfix[index]!,
      dovecot === null ? null : await askDovecot(t, dovecot),
    ]
    rows.push(row([fault, ...said.map(cell)]))
  }
  return rows.join('\n')
}

try {
  const table = await makeTable()
  const page = await readFile(PAGE, 'utf8')
  const [before, after] = [
    page.indexOf(`\n| ${COLUMNS[0]} | ${COLUMNS[1]} |`) + 1,
    page.indexOf('\n\n', page.indexOf(`| ${COLUMNS[1]} |`)),
  ]
  if (before === 0 || after === -1) throw new Error(`${PAGE} has no such table`)
  await writeFile(PAGE, page.slice(0, before) + table + page.slice(after))
} finally {
  for (const end of ends.toReversed()) await end()
}
