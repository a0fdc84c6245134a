/** Measuring for the benchmarks: children that are timed, the speed of the disk, medians, tables. */
import {spawn} from 'node:child_process'
import {close, fsync, open, write} from 'node:fs'
import {rm} from 'node:fs/promises'
import {join} from 'node:path'
import {promisify} from 'node:util'

export interface Timed {
  readonly seconds: number
  readonly stdout: string
}

/** Runs a program to its end. @throws where it fails, with what it said. */
export async function timed(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Timed> {
  const started = performance.now()
  const child = spawn(command, args, {env, stdio: ['ignore', 'pipe', 'pipe']})
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const seconds = (performance.now() - started) / 1000
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`)
  return {seconds, stdout}
}

/** Everything written so far reaches the disk, so that the next measurement does not pay for it. */
export async function settle(): Promise<void> {
  await timed('sync', [])
}

/** How often a second the disk under `directory` makes a 4 KB append durable. */
export async function diskSyncsPerSecond(directory: string, seconds = 2): Promise<number> {
  const path = join(directory, 'disk-sync-probe')
  const file = await promisify(open)(path, 'w')
  const page = Buffer.alloc(4096, 'x')
  let count = 0
  const started = performance.now()
  while (performance.now() - started < seconds * 1000) {
    await promisify(write)(file, page, 0, page.length, null)
    await promisify(fsync)(file)
    count++
  }
  const rate = count / ((performance.now() - started) / 1000)
  await promisify(close)(file)
  await rm(path)
  return rate
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Columns as wide as their widest cell; the first is left, the others right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ')
  return `${rows.map((row) => line(row).trimEnd()).join('\n')}\n`
}
