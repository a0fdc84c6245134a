/**
 * The linter, and with it who may import what (ARCHITECTURE.md, "Rooms, and who may enter which"). Each rule says its reason
 * in the message that is shown. Imports of types alone are free, but for those of libraries.
 */
import {defineConfig, type OxlintOverride} from 'oxlint'

interface Refusal {
  /** Patterns of the written import, as in .gitignore; `!` lets in again. */
  readonly group: readonly string[]
  readonly message: string
}

const STORE: Refusal = {
  group: ['**/store/**'],
  message: 'Only use cases (lib/*.ts) and the base command meet the store.',
}
const EDGES: Refusal = {
  group: [
    '**/imap/**',
    '**/smtp/**',
    '**/connection/**',
    '**/maildir/**',
    '**/receiver/**',
    '**/authentication/**',
    '**/dns/**',
    '**/discovery/**',
    '**/diagnosis/**',
  ],
  message: 'Protocols are spoken behind lib/protocols.ts and the use cases.',
}
const SECRET: Refusal = {
  group: ['**/secret/**'],
  message: 'Secrets are resolved by a use case, and handed down as a value.',
}
const CLI: Refusal = {
  group: ['**/cli/**', '**/commands/**'],
  message: 'What lies below the command line does not know it: return a value or throw an error of the catalogue.',
}
const USE_CASES: Refusal = {
  group: [
    '../*.ts',
    '!../errors.ts',
    '!../clock.ts',
    '!../log.ts',
    '!../make-directory.ts',
    '!../near-names.ts',
    '!../process-identity.ts',
    '!../release-memory.ts',
  ],
  message: 'A use case calls what lies below it, never the other way round.',
}
const DECISIONS: Refusal = {
  group: ['**/intake/**', '**/ticket/**'],
  message: 'What becomes of a mail is decided in intake/, by the use case.',
}
const INPUT_AND_OUTPUT: Refusal = {
  group: ['node:*', 'fs', 'net', 'http', 'child_process'],
  message: 'This folder is pure: what it decides depends on its arguments alone.',
}

/** Each library has one home: a change of library is a change of one folder. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  imap: ['imapflow'],
  smtp: ['nodemailer'],
  message: ['sanitize-html', 'entities', 'iconv-lite', 'nodemailer'],
  authentication: ['mailauth'],
  discovery: ['fast-xml-parser'],
  store: ['kysely', 'better-sqlite3', 'pg'],
  secret: ['@napi-rs/keyring', 'age-encryption', 'proper-lockfile'],
  cli: ['@oclif/core', '@inquirer/prompts', 'chalk', 'cli-table3', 'conf', 'string-width', 'open'],
  commands: ['@oclif/core'],
  'use cases': ['fastest-levenshtein'],
}
const LIBRARIES = [...new Set(Object.values(HOMES).flat())]

/** The rules of a room: what it must not import, and every library whose home is elsewhere. */
function room(
  files: string,
  home: string,
  refusals: readonly Refusal[],
  pureBut: readonly string[] = [],
): OxlintOverride {
  const own = HOMES[home] ?? []
  const foreign = LIBRARIES.filter((name) => !own.includes(name)).map((name) => ({
    name,
    message: `The home of ${name} is ${Object.entries(HOMES)
      .filter(([, names]) => names.includes(name))
      .map(([place]) => `${place}/`)
      .join(' and ')}.`,
  }))
  const patterns = refusals.map(({group, message}) => ({
    group: [...group, ...(group.includes('node:*') ? pureBut.map((name) => `!${name}`) : [])],
    message,
    allowTypeImports: true,
  }))
  // Parts of a library, such as mailauth/lib/dmarc, are at home where it is.
  const parts = foreign.map(({name, message}) => ({group: [`${name}/**`], message}))
  return {
    files: [files],
    rules: {'no-restricted-imports': ['error', {paths: foreign, patterns: [...patterns, ...parts]}]},
  }
}

export default defineConfig({
  plugins: ['typescript', 'import', 'unicorn', 'node', 'oxc'],
  categories: {correctness: 'error', suspicious: 'error', perf: 'error'},
  options: {typeAware: true},
  ignorePatterns: ['dist', 'coverage', 'node_modules'],
  rules: {
    'import/no-cycle': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/consistent-type-imports': 'error',
    // Work on the store and on connections is done one after the other on purpose.
    'no-await-in-loop': 'off',
    'no-shadow': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/no-array-reverse': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'import/no-unassigned-import': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'typescript/consistent-return': 'off',
    'oxc/no-map-spread': 'off',
    'no-underscore-dangle': 'off',
    // A spread of a literal groups the words of a long command line.
    'unicorn/no-useless-spread': 'off',
    'import/no-named-as-default-member': 'off',
  },
  overrides: [
    room('src/lib/*.ts', 'use cases', [CLI]),
    room('src/lib/outbox/**', 'use cases', [CLI]),
    room('src/lib/email-test/**', 'use cases', [CLI]),
    room('src/lib/doctor/**', 'use cases', [CLI]),
    room('src/lib/round-trip/**', 'use cases', [CLI]),
    room('src/commands/**', 'commands', [STORE, EDGES]),
    room('src/lib/cli/**', 'cli', [EDGES]),
    room('src/lib/imap/**', 'imap', [STORE, SECRET, DECISIONS, USE_CASES, CLI]),
    room('src/lib/smtp/**', 'smtp', [STORE, SECRET, DECISIONS, USE_CASES, CLI]),
    // What the protocols have in common knows none of them.
    room('src/lib/connection/**', 'connection', [STORE, EDGES, SECRET, DECISIONS, USE_CASES, CLI]),
    // A folder within connection/: what lies beside the folder is of the same room.
    room('src/lib/connection/*/**', 'connection', [
      STORE,
      EDGES,
      SECRET,
      DECISIONS,
      {...USE_CASES, group: ['../../*.ts', '!../../errors.ts']},
      CLI,
    ]),
    room('src/lib/maildir/**', 'maildir', [STORE, SECRET, DECISIONS, USE_CASES, CLI]),
    room('src/lib/authentication/**', 'authentication', [STORE, SECRET, DECISIONS, USE_CASES, CLI]),
    room('src/lib/dns/**', 'dns', [STORE, SECRET, DECISIONS, USE_CASES, CLI]),
    room('src/lib/discovery/**', 'discovery', [STORE, SECRET, DECISIONS, USE_CASES, CLI]),
    room('src/lib/diagnosis/**', 'diagnosis', [STORE, SECRET, DECISIONS, USE_CASES, CLI]),
    room('src/lib/receiver/**', 'receiver', [STORE, SECRET, DECISIONS, USE_CASES, CLI]),
    room('src/lib/store/**', 'store', [EDGES, SECRET, USE_CASES, CLI]),
    room('src/lib/secret/**', 'secret', [STORE, EDGES, DECISIONS, USE_CASES, CLI]),
    room('src/lib/intake/**', 'intake', [STORE, EDGES, SECRET, USE_CASES, CLI, INPUT_AND_OUTPUT]),
    room('src/lib/ticket/**', 'ticket', [STORE, EDGES, SECRET, USE_CASES, CLI, INPUT_AND_OUTPUT]),
    room('src/lib/channel/**', 'channel', [STORE, EDGES, SECRET, DECISIONS, USE_CASES, CLI, INPUT_AND_OUTPUT]),
    room(
      'src/lib/message/**',
      'message',
      [STORE, EDGES, SECRET, DECISIONS, USE_CASES, CLI, INPUT_AND_OUTPUT],
      ['node:crypto', 'node:buffer', 'node:util'],
    ),
    // A folder within message/: what lies beside the folder is of the same room.
    room(
      'src/lib/message/*/**',
      'message',
      [
        STORE,
        EDGES,
        SECRET,
        DECISIONS,
        {...USE_CASES, group: ['../../*.ts', '!../../errors.ts']},
        CLI,
        INPUT_AND_OUTPUT,
      ],
      ['node:crypto', 'node:buffer', 'node:util'],
    ),
    // The files of message/ that work beside the main thread, or compress.
    room(
      'src/lib/message/{batch-pool,parse-pool,parse-worker,raw-chunks}.ts',
      'message',
      [STORE, EDGES, SECRET, DECISIONS, USE_CASES, CLI, INPUT_AND_OUTPUT],
      ['node:crypto', 'node:buffer', 'node:util', 'node:worker_threads', 'node:zlib'],
    ),
    // The one that loads a library only when it is needed.
    room(
      'src/lib/message/iconv.ts',
      'message',
      [STORE, EDGES, SECRET, DECISIONS, USE_CASES, CLI, INPUT_AND_OUTPUT],
      ['node:module'],
    ),
    {
      files: ['test/**', 'bench/**'],
      rules: {
        'typescript/unbound-method': 'off',
        // The runner waits for tests by itself.
        'typescript/no-floating-promises': [
          'error',
          {
            allowForKnownSafeCalls: [
              {from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite']},
            ],
          },
        ],
      },
    },
  ],
})
