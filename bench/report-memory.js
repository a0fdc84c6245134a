/**
 * Loaded by `node --import` into a program that is measured: when it ends, its peak memory in bytes is written to the
 * file named by BENCH_MEMORY_FILE, and the seconds of processor time of all its threads to the one named by
 * BENCH_CPU_FILE. JavaScript, since Node's stripping of types would itself count with 50 MB.
 */
import {readFileSync, writeFileSync} from 'node:fs'
import {isMainThread} from 'node:worker_threads'

const file = process.env['BENCH_MEMORY_FILE']
if (isMainThread && file !== undefined) process.on('exit', () => writeFileSync(file, String(peakMemory())))
const cpuFile = process.env['BENCH_CPU_FILE']
if (isMainThread && cpuFile !== undefined)
  process.on('exit', () => {
    const {user, system} = process.cpuUsage()
    writeFileSync(cpuFile, String((user + system) / 1e6))
  })

function peakMemory() {
  // What getrusage says includes the parent's memory at the moment of the fork; VmHWM is this program alone.
  if (process.platform === 'linux') {
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))
    if (peak) return Number(peak[1]) * 1024
  }
  return process.resourceUsage().maxRSS * 1024
}
