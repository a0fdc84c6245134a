/** A port that answers nothing to who would connect, as behind a filter: its queue is full, and nobody takes from it. */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {connect, type Socket} from 'node:net'
import type {TestContext} from 'node:test'

/** More than the queue of the kernel takes. */
const WAITING = 3

/** Opens one that ends with the test, on this address of the machine, at the port where one is given. */
export async function silentPort(t: TestContext, address = '127.0.0.1', port = 0): Promise<number> {
  const program = spawn(process.execPath, [
    '-e',
    `const s = require('net').createServer().listen({port: ${port}, host: '${address}', backlog: 1}, () => console.log(s.address().port))`,
  ])
  const [line] = (await once(program.stdout, 'data')) as [Buffer]
  const bound = Number(line.toString())
  program.kill('SIGSTOP')
  const sockets: Socket[] = Array.from({length: WAITING}, () => connect(bound, address).on('error', () => {}))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    program.kill('SIGKILL')
  })
  await once(sockets[0]!, 'connect')
  return bound
}
