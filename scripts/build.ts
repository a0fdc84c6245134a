/**
 * Builds the program into dist/: one file per command, shared code in chunks beside them, and the list of all commands
 * (oclif.manifest.json), so that a command line loads the code of its command and nothing else.
 */
import {Plugin} from '@oclif/core'
import {build} from 'esbuild'
import {globSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync} from 'node:fs'
import {basename, dirname, join, resolve} from 'node:path'
import {fewFiles} from './few-files.ts'
import {lazyRequires} from './lazy-requires.ts'

const root = resolve(import.meta.dirname, '..')
const dist = join(root, 'dist')
const manifest = join(root, 'oclif.manifest.json')

/**
 * Native code; pg's optional native driver, which is not installed; and what oclif has for help, plugins and spinners of its
 * own, which postdesk does without: it would be a third of the code that every command reads.
 */
const EXTERNAL = [
  'better-sqlite3',
  '@napi-rs/keyring',
  'pg-native',
  'ansi-escapes',
  'cli-spinners',
  'ejs',
  'lilconfig',
  'minimatch',
  'tinyglobby',
  'typescript',
  'wordwrap',
  'wsl-utils',
]

/**
 * What runs in a thread or process of its own, and what starts it by `new URL('./NAME.js', import.meta.url)`. As entries of
 * their own both come to lie in dist/ itself, where the URL finds the one beside the other.
 */
const BESIDE = [
  'src/lib/explain-pool.ts',
  'src/lib/explain-worker.ts',
  'src/lib/message/parse-pool.ts',
  'src/lib/message/parse-worker.ts',
  'src/lib/secret/keychain.ts',
  'src/lib/secret/keychain-process.ts',
]
refuseUnknownNeighbours()

const started = new Date()
const {outputFiles} = await build({
  absWorkingDir: root,
  entryPoints: entries(),
  outdir: dist,
  write: false,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.22',
  chunkNames: 'chunk-[hash]',
  minify: true,
  keepNames: true,
  legalComments: 'linked',
  external: EXTERNAL,
  plugins: [lazyRequires, fewFiles(core(), (path) => path.startsWith(join(root, 'src', 'commands')))],
  // oclif loads a library to compare Node's version with what oclif asks for; bin/run.js has compared already.
  define: {'process.env.OCLIF_DISABLE_ENGINE_WARNING': '"1"'},
  // Libraries in CommonJS call require and __dirname, which a module does not have.
  banner: {
    js:
      "import {createRequire as __createRequire} from 'node:module';" +
      'const require=__createRequire(import.meta.url),__dirname=import.meta.dirname,__filename=import.meta.filename;',
  },
  logLevel: 'warning',
})
// Only now, so that a build that fails leaves the one before.
rmSync(dist, {recursive: true, force: true})
rmSync(manifest, {force: true})
for (const {path, contents} of outputFiles) {
  mkdirSync(dirname(path), {recursive: true})
  writeFileSync(path, contents)
}
// bin/run.js runs the sources where one is newer than this: also one that was changed while the build read it.
utimesSync(join(dist, 'main.js'), started, started)
await writeManifest()

/** The entries by their name in dist/. */
function entries(): Record<string, string> {
  const commands = globSync('src/commands/**/*.ts', {cwd: root}).map((file) => [
    file.replace(/^src\/|\.ts$/g, ''),
    file,
  ])
  const beside = BESIDE.map((file) => [basename(file, '.ts'), file])
  return Object.fromEntries([['main', 'src/main.ts'], ...commands, ...beside])
}

/** What nearly every command uses: the base command and the store, without what only some runs need. */
function core(): string[] {
  return [
    'src/lib/cli/base-command.ts',
    ...globSync(['src/lib/near-names.ts', 'src/lib/cli/{flags,locate-store,table}.ts', 'src/lib/store/*.ts'], {
      cwd: root,
    }),
  ]
    .filter((file) => !file.endsWith('/postgres.ts'))
    .map((file) => join(root, file))
}

function refuseUnknownNeighbours(): void {
  for (const file of globSync('src/**/*.ts', {cwd: root}))
    if (/new URL\([^;]*import\.meta\.url/.test(readFileSync(join(root, file), 'utf8')) && !BESIDE.includes(file))
      throw new Error(`${file} names a file beside it by URL: BESIDE in scripts/build.ts has to have both`)
}

/** Loads every command once and writes down what it declares. */
async function writeManifest(): Promise<void> {
  const plugin = new Plugin({root, isRoot: true, ignoreManifest: true, errorOnManifestCreate: true})
  await plugin.load()
  writeFileSync(manifest, `${JSON.stringify(plugin.manifest)}\n`)
}
