/** Stands between a client and an IMAP server in plain text, and writes down which commands the client sends. */
import {createConnection, createServer, type Socket} from 'node:net'
import type {TestContext} from 'node:test'

export interface ImapProxy {
  readonly port: number
  /** The commands so far, without their tags, in order: `UID FETCH 1:3 (UID BODY.PEEK[])`. */
  readonly commands: string[]
  /** Connections so far. */
  connections(): number
  /** Cuts every connection that is open. */
  cut(): void
  /** Cuts, and takes no more. */
  stop(): Promise<void>
}

export interface ImapProxyOptions {
  /**
   * Asked before each command: where it waits, so does the command, and all that the client sends after it. By then
   * the command stands in `commands`.
   */
  readonly before?: (command: string) => Promise<void> | undefined
}

/** Forwards to `port` on 127.0.0.1 until the test ends. */
export async function startImapProxy(
  t: TestContext,
  port: number,
  {before = () => undefined}: ImapProxyOptions = {},
): Promise<ImapProxy> {
  const commands: string[] = []
  const open = new Set<Socket>()
  let connections = 0
  const server = createServer((client) => {
    connections++
    const upstream = createConnection(port, '127.0.0.1')
    let text = ''
    client.on('data', (data) => {
      text += data.toString('latin1')
      const lines = text.split('\r\n')
      text = lines.pop()!
      const fresh = lines.map((line) => line.replace(/^[0-9A-F]+ /, ''))
      commands.push(...fresh)
      const waits = fresh.map((command) => before(command)).find((wait) => wait !== undefined)
      if (waits === undefined) upstream.write(data)
      else {
        client.pause()
        void waits.then(() => {
          upstream.write(data)
          client.resume()
        })
      }
    })
    client.on('end', () => upstream.end())
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    upstream.pipe(client)
  })
  const cut = () => {
    for (const socket of open) socket.destroy()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    cut()
    await closed
  }
  t.after(stop)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {port: address.port, commands, connections: () => connections, cut, stop}
}
