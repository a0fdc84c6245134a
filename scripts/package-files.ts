/** Checks what `npm pack` would ship: the program and what it needs, and nothing of the workshop. */
import {execFileSync} from 'node:child_process'
import {resolve} from 'node:path'

const NEEDED = [
  'bin/run.js',
  'dist/main.js',
  'dist/parse-worker.js',
  'dist/keychain-process.js',
  'dist/commands/portal/add.js',
  'oclif.manifest.json',
  'schemas/portal-add.json',
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
]
const SHIPPED =
  /^(bin|dist|schemas|docs)\/|^(oclif\.manifest|package)\.json$|^(LICENSE|(README|ARCHITECTURE|CHANGELOG)\.md)$/

const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
  cwd: resolve(import.meta.dirname, '..'),
  encoding: 'utf8',
})
const [{files}] = JSON.parse(output) as [{files: {path: string}[]}]
const paths = files.map(({path}) => path)
const wrong = [
  ...NEEDED.filter((path) => !paths.includes(path)).map((path) => `${path} is missing`),
  ...paths.filter((path) => !SHIPPED.test(path)).map((path) => `${path} does not belong there`),
]
for (const line of wrong) process.stderr.write(`package: ${line}\n`)
process.exit(wrong.length > 0 ? 1 : 0)
