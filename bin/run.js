#!/usr/bin/env node
// Starts postdesk with a Node that is new enough. This file runs on any Node since 12: the one of the machine may be old,
// and the repository brings its own.
import {existsSync, readdirSync, statSync} from 'node:fs'
import {homedir} from 'node:os'
import {dirname, join} from 'node:path'
import {fileURLToPath, pathToFileURL} from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [major, minor, patch] = process.versions.node.split('.').map(Number)
// "engines" of package.json
const newEnough =
  (major === 22 && (minor > 22 || (minor === 22 && patch >= 2))) || (major === 24 && minor >= 15) || major > 24

// An MTA's pipe keeps a mail that is answered with 75, and returns it to its sender after most other codes.
const isDelivery = process.argv[2] === 'email' && process.argv[3] === 'deliver'
const FAILED = isDelivery ? 75 : 78
const CRASHED = isDelivery ? 75 : 70

// A user without an entry in the user database has no home; libraries ask for it while they load.
try {
  homedir()
} catch {
  process.env.HOME = '/nonexistent'
}

if (newEnough) {
  const answered = isDelivery ? guardDelivery() : () => {}
  // No promise is left unhandled here: a program that cannot even be loaded must not look like a delivered mail.
  Promise.resolve()
    .then(() => import(pathToFileURL(entry()).href))
    .then((program) => program.main(process.argv.slice(2), root))
    .then(answered)
    .catch((error) => {
      explain(`postdesk cannot start: ${error && error.stack ? error.stack : error}\n`)
      process.exit(CRASHED)
    })
} else {
  const own = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(own)) {
    import('node:child_process').then(({spawn}) => continueWith(spawn, own)).catch(cannotContinue)
  } else {
    if (isDelivery) sayTemporary()
    explain(
      `postdesk needs Node 22.22.2 or later of 22, or 24.15 or later; this is ${process.versions.node}.\n` +
        'Install one, or run `npm ci` in the repository, which brings its own.\n',
    )
    process.exit(FAILED)
  }
}

/**
 * Whatever ends a delivery before the program has answered, a signal and an event loop that ran empty included, is a
 * temporary failure. Returns what to call once it has answered.
 */
function guardDelivery() {
  let answered = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(75))
  process.on('uncaughtException', (error) => {
    explain(`${error && error.stack ? error.stack : error}\n`)
    process.exit(75)
  })
  // What Node warns of on standard error would be read by the sender of the mail.
  if (!wantsDetail()) process.removeAllListeners('warning')
  process.on('exit', () => {
    if (answered) return
    process.exitCode = 75
    sayTemporary()
  })
  return () => {
    answered = true
  }
}

function sayTemporary() {
  process.stdout.write('4.3.0 temporary failure\n')
}

/** Says why to who started the program; never to an MTA, which shows it to the sender of the mail. */
function explain(text) {
  if (!isDelivery || wantsDetail()) process.stderr.write(text)
}

function wantsDetail() {
  return process.argv.includes('--debug')
}

function continueWith(spawn, node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {stdio: 'inherit'})
  // The terminal signals the whole group; a supervisor signals only this process.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', cannotContinue)
  child.on('exit', (code, signal) => {
    // What that Node ends with by itself, such as 1 for a file it cannot read, is no answer of the program.
    if (isDelivery && ![0, 65, 67, 75].includes(code)) {
      sayTemporary()
      process.exit(75)
    }
    if (signal === null) process.exit(code)
    process.exit(signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : 70)
  })
}

function cannotContinue(error) {
  if (isDelivery) sayTemporary()
  explain(`postdesk cannot start its own Node: ${error.message}\n`)
  process.exit(FAILED)
}

/** The built program; in the repository the sources, where one is newer than the build. The package has no sources. */
function entry() {
  const built = join(root, 'dist', 'main.js')
  const source = join(root, 'src')
  if (!existsSync(source)) return built
  const builtAt = existsSync(built) ? statSync(built).mtimeMs : 0
  return hasNewer(source, builtAt) ? join(source, 'main.ts') : built
}

function hasNewer(directory, time) {
  return readdirSync(directory, {withFileTypes: true}).some((entry) => {
    const path = join(directory, entry.name)
    return entry.isDirectory() ? hasNewer(path, time) : statSync(path).mtimeMs > time
  })
}
