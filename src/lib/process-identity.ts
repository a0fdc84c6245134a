/** Which process this is, so that another on the same machine can tell whether it still lives. */
import {readFileSync} from 'node:fs'
import {hostname} from 'node:os'

/** A process on a machine. `boot` and `start` tell it from another that has its number later. */
export interface ProcessIdentity {
  readonly host: string
  readonly boot: string
  readonly pid: number
  readonly start: string
}

/** The running process. */
export function currentProcess(): ProcessIdentity {
  return {host: hostname(), boot: bootId(), pid: process.pid, start: startOf(process.pid) ?? ''}
}

/** Whether that process still runs; null where that cannot be known from here. */
export function isAlive(identity: ProcessIdentity): boolean | null {
  if (identity.host !== hostname()) return null
  if (identity.boot !== bootId()) return false
  const start = startOf(identity.pid)
  if (start !== null) return start === identity.start
  if (identity.boot !== '') return false // /proc is there, and the process is not
  try {
    process.kill(identity.pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there, and belongs to someone else.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function bootId(): string {
  return read('/proc/sys/kernel/random/boot_id')?.trim() ?? ''
}

/** Start time in ticks since boot: field 22 of proc(5) `stat`, counted after the name, which may hold blanks. */
function startOf(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === null) return null
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // A zombie no longer runs; its parent has not noticed yet.
  return state === 'Z' || state === 'X' ? null : (fields[18] ?? '')
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
