/** A real IMAP server on loopback, from an npm package, that holds the mail of the demo in memory. */
import type {AddressInfo, Socket} from 'node:net'
import hoodiecrow from 'hoodiecrow-imap'

/** A mail as it waits in the mailbox. */
export interface WaitingMail {
  readonly raw: Buffer
  /** When it arrived. */
  readonly arrived: Date
}

export interface DemoServer {
  readonly host: '127.0.0.1'
  readonly port: number
  /** Puts one more mail into the INBOX. */
  deliver(mail: WaitingMail): void
  /** Ends at once, also for clients that are connected. */
  stop(): Promise<void>
}

// Without STARTTLS: the certificate that the package brings has expired, and the demo stays on loopback.
const PLUGINS = ['ID', 'IDLE', 'NAMESPACE', 'ENABLE', 'UIDPLUS', 'LITERALPLUS', 'UNSELECT', 'SPECIAL-USE', 'MOVE']

/** Starts a server with the mails in its INBOX, in this order, and an empty Archive. */
export async function startDemoServer(
  mails: readonly WaitingMail[],
  user: string,
  password: string,
  port = 0,
): Promise<DemoServer> {
  const messages = mails.map(({raw, arrived}) => ({raw: raw.toString('latin1'), internaldate: internalDate(arrived)}))
  const imap = hoodiecrow({
    plugins: PLUGINS,
    users: {[user]: {password}},
    storage: {INBOX: {uidvalidity: UID_VALIDITY, messages}, '': {separator: '/', folders: {Archive: {}}}},
  })
  const clients = new Set<Socket>()
  imap.server.on('connection', (client) => {
    clients.add(client)
    client.once('close', () => clients.delete(client))
  })
  await new Promise<void>((resolve, reject) => {
    imap.server.once('error', reject)
    imap.listen(port, '127.0.0.1', resolve)
  })
  return {
    host: '127.0.0.1',
    port: (imap.server.address() as AddressInfo).port,
    deliver: ({raw, arrived}) => imap.appendMessage('INBOX', [], internalDate(arrived), raw.toString('latin1')),
    async stop() {
      const closed = new Promise((resolve) => imap.server.close(resolve))
      for (const client of clients) client.destroy()
      await closed
    },
  }
}

/** Started again with the same mails it is the same mailbox: nothing is fetched twice. */
const UID_VALIDITY = 1_767_225_600

/** RFC 9051 9, date-time. The package's own formatting is wrong east of Greenwich at half hours. */
function internalDate(date: Date): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(date.toUTCString()) ?? []
  return `${day}-${month}-${year} ${time} +0000`
}
