import assert from 'node:assert/strict'
import {spawnSync} from 'node:child_process'
import {copyFile, mkdir, mkdtemp, rm, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {test} from 'node:test'
import {ROOT} from '../support/run-postdesk.ts'

/** A file, what it imports, and the words of the rule that refuses it; null where it may. */
const PROBES: readonly (readonly [file: string, imported: string, refused: string | null])[] = [
  ['src/commands/email/probe.ts', '../../lib/store/open.ts', 'the base command meet the store'],
  ['src/commands/email/probe.ts', '../../lib/imap/connect.ts', 'behind lib/protocols.ts'],
  ['src/commands/email/probe.ts', '../../lib/sync.ts', null],
  ['src/commands/email/probe.ts', 'chalk', 'home of chalk is cli/'],
  ['src/commands/email/probe.ts', '@oclif/core', null],
  ['src/lib/cli/probe.ts', '../imap/connect.ts', 'behind lib/protocols.ts'],
  ['src/lib/cli/probe.ts', '../store/open.ts', null],
  ['src/lib/probe.ts', './cli/prompts.ts', 'below the command line'],
  ['src/lib/probe.ts', './store/open.ts', null],
  ['src/lib/probe.ts', 'kysely', 'home of kysely is store/'],
  ['src/lib/imap/probe.ts', '../store/open.ts', 'meet the store'],
  ['src/lib/imap/probe.ts', '../sync.ts', 'never the other way round'],
  ['src/lib/imap/probe.ts', '../errors.ts', null],
  ['src/lib/imap/probe.ts', 'imapflow', null],
  ['src/lib/maildir/probe.ts', '../store/open.ts', 'meet the store'],
  ['src/lib/maildir/probe.ts', 'imapflow', 'home of imapflow is imap/'],
  ['src/lib/receiver/probe.ts', '../store/open.ts', 'meet the store'],
  ['src/lib/authentication/probe.ts', '../store/open.ts', 'meet the store'],
  ['src/lib/authentication/probe.ts', '../intake/decide.ts', 'decided in intake/'],
  ['src/lib/authentication/probe.ts', '../message/header.ts', null],
  ['src/lib/authentication/probe.ts', 'mailauth/lib/dmarc/index.js', null],
  ['src/lib/imap/probe.ts', 'mailauth/lib/dmarc/index.js', 'home of mailauth is authentication/'],
  ['src/lib/authentication/probe.ts', '../dns/resolver.ts', null],
  ['src/lib/dns/probe.ts', '../store/open.ts', 'meet the store'],
  ['src/lib/discovery/probe.ts', '../store/open.ts', 'meet the store'],
  ['src/lib/discovery/probe.ts', '../dns/resolver.ts', null],
  ['src/lib/discovery/probe.ts', 'fast-xml-parser', null],
  ['src/commands/email/probe.ts', '../../lib/discovery/discover.ts', 'behind lib/protocols.ts'],
  ['src/lib/store/probe.ts', '../imap/connect.ts', 'behind lib/protocols.ts'],
  ['src/lib/store/probe.ts', 'better-sqlite3', null],
  ['src/lib/secret/probe.ts', '../store/open.ts', 'meet the store'],
  ['src/lib/intake/probe.ts', 'node:fs', 'This folder is pure'],
  ['src/lib/intake/probe.ts', '../authentication/authenticator.ts', 'behind lib/protocols.ts'],
  ['src/lib/intake/probe.ts', '../channel/authentication.ts', null],
  ['src/lib/ticket/probe.ts', 'node:crypto', 'This folder is pure'],
  ['src/lib/channel/probe.ts', '../intake/decide.ts', 'decided in intake/'],
  ['src/lib/message/probe.ts', 'node:net', 'This folder is pure'],
  ['src/lib/message/probe.ts', 'node:crypto', null],
  ['src/lib/message/probe.ts', 'node:worker_threads', 'This folder is pure'],
  ['src/lib/message/parse-worker.ts', 'node:worker_threads', null],
  ['src/lib/message/probe.ts', 'iconv-lite', null],
  ['src/lib/intake/probe.ts', 'iconv-lite', 'home of iconv-lite is message/'],
]

test('the linter refuses what a room must not import, statically and dynamically, and says why', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-rules-'))
  t.after(() => rm(directory, {recursive: true, force: true}))
  await copyFile(join(ROOT, 'oxlint.config.ts'), join(directory, 'oxlint.config.ts'))
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  const files = new Map<string, string[]>()
  for (const [file, imported] of PROBES) files.set(file, [...(files.get(file) ?? []), imported])
  for (const [file, imports] of files) {
    await mkdir(join(directory, dirname(file)), {recursive: true})
    const lines = imports.flatMap((imported, index) => [
      `import * as static${index} from '${imported}'`,
      `const dynamic${index} = await import('${imported}')`,
      `import type * as type${index} from '${imported}'`,
      `export {static${index}, dynamic${index}, type type${index}}`,
    ])
    await writeFile(join(directory, file), lines.join('\n'))
  }
  const {stdout, stderr} = spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules/oxlint/bin/oxlint'), '--format', 'json', 'src'],
    {cwd: directory, encoding: 'utf8'},
  )
  const {diagnostics} = JSON.parse(stdout || `{"diagnostics": "${stderr}"}`) as {
    diagnostics: {code: string; filename: string; message: string; help: string; labels: {span: {line: number}}[]}[]
  }
  const found = diagnostics.filter(({code}) => code.includes('no-restricted-imports'))
  for (const [file, imported, refused] of PROBES) {
    const first = files.get(file)!.indexOf(imported) * 4 + 1
    const at = (line: number) =>
      found.find(({filename, labels}) => filename.endsWith(file) && labels[0]!.span.line === line)?.help ?? null
    for (const line of [first, first + 1])
      if (refused === null) assert.equal(at(line), null, `${file} may import ${imported}`)
      else assert.ok(at(line)?.includes(refused), `${file} imports ${imported}: ${at(line)}`)
    if (imported.startsWith('.')) assert.equal(at(first + 2), null, `${file} may import a type of ${imported}`)
  }
})
