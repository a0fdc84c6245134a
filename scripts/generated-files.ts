import {globSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join, relative, resolve} from 'node:path'

const root = resolve(import.meta.dirname, '..')

/**
 * Makes a directory of generated files hold exactly these, by name. With `--check` nothing is written: what differs is
 * listed, and the process ends with 1.
 */
export function settle(directory: string, files: ReadonlyMap<string, string>): void {
  const check = process.argv.includes('--check')
  const differing: string[] = []
  mkdirSync(join(root, directory), {recursive: true})
  for (const name of globSync('*', {cwd: join(root, directory)}).filter((name) => !files.has(name))) {
    differing.push(`${name} is not generated any more`)
    if (!check) rmSync(join(root, directory, name))
  }
  for (const [name, content] of files) {
    const path = join(root, directory, name)
    if (read(path) === content) continue
    differing.push(`${name} ${read(path) === null ? 'is new' : 'has changed'}`)
    if (!check) writeFileSync(path, content)
  }
  for (const line of differing) process.stdout.write(`${join(relative(root, join(root, directory)), line)}\n`)
  if (!check || differing.length === 0) return
  process.stderr.write(
    `What is in ${directory} does not fit the sources: run npm run ${process.env['npm_lifecycle_event'] ?? 'schemas and snapshots'}, look at the difference, commit it.\n`,
  )
  process.exit(1)
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
