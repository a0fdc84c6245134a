#!/usr/bin/env node
// Starts postdesk with a Node that is new enough. This file runs on any Node since 12: the one of the machine may be old,
// and the repository brings its own.
import {existsSync, readdirSync, statSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath, pathToFileURL} from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [major, minor, patch] = process.versions.node.split('.').map(Number)
// "engines" of package.json
const newEnough =
  (major === 22 && (minor > 22 || (minor === 22 && patch >= 2))) || (major === 24 && minor >= 15) || major > 24

// An MTA's pipe keeps a mail that is answered with 75, and returns it to its sender after most other codes.
const isDelivery = process.argv[2] === 'email' && process.argv[3] === 'deliver'
const failed = isDelivery ? 75 : 78

if (newEnough) {
  // No promise is left unhandled here: a program that cannot even be loaded must not look like a delivered mail.
  Promise.resolve()
    .then(() => import(pathToFileURL(entry()).href))
    .then((program) => program.main(process.argv.slice(2), root))
    .catch((error) => {
      if (isDelivery) process.stdout.write('4.3.0 temporary failure\n')
      process.stderr.write(`postdesk cannot start: ${error && error.stack ? error.stack : error}\n`)
      process.exit(isDelivery ? 75 : 70)
    })
} else {
  const own = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(own)) {
    import('node:child_process').then(({spawn}) => continueWith(spawn, own)).catch(cannotContinue)
  } else {
    if (isDelivery) process.stdout.write('4.3.0 temporary failure\n')
    process.stderr.write(
      `postdesk needs Node 22.22.2 or later of 22, or 24.15 or later; this is ${process.versions.node}.\n` +
        'Install one, or run `npm ci` in the repository, which brings its own.\n',
    )
    process.exit(failed)
  }
}

function continueWith(spawn, node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {stdio: 'inherit'})
  // The terminal signals the whole group; a supervisor signals only this process.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', cannotContinue)
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code === null ? failed : code)
    process.exit(isDelivery ? 75 : signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : 70)
  })
}

function cannotContinue(error) {
  process.stderr.write(`postdesk cannot start its own Node: ${error.message}\n`)
  process.exit(failed)
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
