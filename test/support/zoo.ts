/**
 * A zoo of misbehaving mail servers, with real TLS: each is wrong in one way, and says what a diagnosis has to make of it.
 * What is not wrong with them is usual: they take a login and a mail.
 */
import {once} from 'node:events'
import {createServer} from 'node:http'
import type {AddressInfo, Socket} from 'node:net'
import type {TestContext} from 'node:test'
import type {StageId} from '../../src/lib/channel/stages.ts'
import {type MailExchange, type MailServer, type MailServerOptions, startMailServer} from './mail-server.ts'
import {freePort} from './stores.ts'
import {type Pem, zooCertificates, type ZooCertificates} from './zoo-certificates.ts'

export interface Animal {
  /** Unique together with its protocol. */
  readonly name: string
  readonly protocol: 'smtp' | 'imap'
  /** What a diagnosis of it comes to, with the default deadlines unless `replyMs` says otherwise. */
  readonly expects: Expected
  /** Starts it; it ends with the test. */
  start(t: TestContext): Promise<Cage>
}

export interface Expected {
  /** The stage that decides, and what is wrong there. */
  readonly stage: StageId
  readonly status: 'fail' | 'warn'
  readonly code: string
  /** Of the run; a warning ends with 0, or 2 where it counts (`--strict`). */
  readonly exitCode: number
}

/** Where it is, and how it is to be asked. */
export interface Cage {
  readonly host: string
  readonly port: number
  /** What it is configured as, rightly or not. */
  readonly security: 'tls' | 'starttls' | 'none'
  /** PEM of the authority to trust; null for the public ones. */
  readonly ca: string | null
  /** A login that it takes, if it takes any. */
  readonly user: string
  readonly password: string
  /** The commands that it was told, in order, those before and after TLS. */
  readonly heard: readonly string[]
  /** Connections that are open now. */
  open(): number
}

/** How a server of the zoo is set up. */
interface Kept extends Omit<MailServerOptions, 'protocol' | 'tls'> {
  /** What a client is told of it; as it speaks where it is left out. */
  readonly security?: Cage['security']
  readonly certificate?: Exclude<keyof ZooCertificates, 'ca'>
  readonly tls?: MailServerOptions['tls']
  /** False where the client knows only the public authorities. */
  readonly trusted?: boolean
}

/** Waits longer than a server may before it is called slow. */
const LATE_MS = 6000

async function keep(t: TestContext, protocol: Animal['protocol'], kept: Kept): Promise<Cage> {
  const certificates = await zooCertificates()
  const {security = kept.speaks, certificate = 'good', tls, trusted = true, ...options} = kept
  const server = await startMailServer(t, {...options, protocol, tls: {...pem(certificates[certificate]), ...tls}})
  return {...caged(server), security, ca: trusted ? certificates.ca : null}
}

const pem = ({cert, key}: Pem) => ({cert, key})

const caged = ({address, port, heard, open}: Pick<MailServer, 'address' | 'port' | 'heard' | 'open'>) => ({
  host: address,
  port,
  user: 'help@acme.example',
  password: 'correct horse battery',
  heard,
  open,
})

const TLS = 22
const PROTOCOL = 23
const LATER = 75

type Expectation = readonly [StageId, string, number]

/** The animals of this name in both protocols; an expectation may depend on it. */
function both(
  name: string,
  [stage, code, exitCode]: Expectation,
  kept: Kept | ((protocol: Animal['protocol']) => Kept),
  status: Expected['status'] = 'fail',
): Animal[] {
  return (['smtp', 'imap'] as const).map((protocol) => ({
    name,
    protocol,
    expects: {stage, status, code: code.replace('*', protocol.toUpperCase()), exitCode},
    start: (t) => keep(t, protocol, typeof kept === 'function' ? kept(protocol) : kept),
  }))
}

const smtp = (name: string, expectation: Expectation, kept: Kept): Animal[] =>
  both(name, expectation, kept).filter(({protocol}) => protocol === 'smtp')

const imap = (name: string, expectation: Expectation, kept: Kept): Animal[] =>
  both(name, expectation, kept).filter(({protocol}) => protocol === 'imap')

/** Answers in the protocol's own words: a code for SMTP, a status for IMAP. */
const refuse =
  (code: string, status: string) =>
  ({tag, say}: MailExchange): void =>
    say(tag === '*' ? code : `${tag} ${status}`)

const greeting = (...lines: readonly string[]): Pick<Kept, 'commands'> => ({
  commands: {greeting: ({say}) => say(...lines)},
})

/** Sends bytes at once, and takes whatever comes. */
const says =
  (bytes: string) =>
  (socket: Socket): void => {
    socket.write(bytes)
    socket.resume()
  }

// Of TLS and its certificates ----------------------------------------------------------------------------------------

/** Since 3.2, OpenSSL refuses by itself what has less than 112 bits of security (its security level 2). */
const REFUSES_WEAK_KEYS = !process.versions.openssl.startsWith('3.0.')

const OF_CERTIFICATES: readonly Animal[] = [
  ...both('expired', ['tls', 'TLS_CERTIFICATE_EXPIRED', TLS], {speaks: 'tls', certificate: 'expired'}),
  ...both('expired after STARTTLS', ['tls', 'TLS_CERTIFICATE_EXPIRED', TLS], {
    speaks: 'starttls',
    certificate: 'expired',
  }),
  ...both('not yet valid', ['tls', 'TLS_CERTIFICATE_NOT_YET_VALID', TLS], {speaks: 'tls', certificate: 'notYetValid'}),
  ...both('wrong name', ['tls', 'TLS_NAME_MISMATCH', TLS], {speaks: 'tls', certificate: 'wrongName'}),
  ...both('self-signed', ['tls', 'TLS_SELF_SIGNED', TLS], {speaks: 'tls', certificate: 'selfSigned'}),
  ...both('unknown authority', ['tls', 'TLS_UNTRUSTED', TLS], {speaks: 'tls', certificate: 'unknownAuthority'}),
  ...both('inspected on the way', ['tls', 'TLS_INSPECTED', TLS], {speaks: 'tls', certificate: 'inspected'}),
  ...both('missing intermediate', ['tls', 'TLS_CHAIN_INCOMPLETE', TLS], {
    speaks: 'tls',
    certificate: 'missingIntermediate',
  }),
  ...both(
    'weak key',
    ['tls', 'TLS_KEY_WEAK', REFUSES_WEAK_KEYS ? TLS : 0],
    {speaks: 'tls', certificate: 'weakKey', tls: {ciphers: 'DEFAULT@SECLEVEL=0'}},
    REFUSES_WEAK_KEYS ? 'fail' : 'warn',
  ),
  ...both('ends soon', ['tls', 'TLS_CERTIFICATE_EXPIRES_SOON', 0], {speaks: 'tls', certificate: 'endsSoon'}, 'warn'),
]

const OLD = {minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0'} as const

const OF_HANDSHAKES: readonly Animal[] = [
  ...both('TLS 1.0 only', ['tls', 'TLS_TOO_OLD', TLS], {speaks: 'tls', tls: OLD}),
  ...both('TLS 1.0 only after STARTTLS', ['tls', 'TLS_TOO_OLD', TLS], {speaks: 'starttls', tls: OLD}),
  ...both('wants a certificate of its clients', ['greeting', 'TLS_CLIENT_CERTIFICATE', TLS], {
    speaks: 'tls',
    tls: {requestCert: true, rejectUnauthorized: true},
  }),
  ...both('hangs up in the handshake', ['tls', 'TLS_HANDSHAKE_FAILED', TLS], {
    speaks: 'tls',
    connection: (socket) => void socket.once('data', () => socket.destroy()),
  }),
  ...both('resets in the handshake', ['tls', 'TLS_HANDSHAKE_FAILED', TLS], {
    speaks: 'tls',
    connection: (socket) => void socket.once('data', () => socket.resetAndDestroy()),
  }),
  ...both('never ends the handshake', ['tls', 'TLS_HANDSHAKE_FAILED', TLS], {
    speaks: 'tls',
    connection: (socket) => void socket.resume(),
  }),
]

// Of the port and its mode -------------------------------------------------------------------------------------------

const OF_PORTS: readonly Animal[] = [
  ...(['smtp', 'imap'] as const).map((protocol): Animal => ({
    name: 'nobody listens',
    protocol,
    expects: {stage: 'tcp', status: 'fail', code: 'TCP_REFUSED', exitCode: 21},
    start: async () => ({
      ...caged({address: '127.0.0.1', port: await freePort(), heard: [], open: () => 0}),
      security: 'tls',
      ca: null,
    }),
  })),
  ...both('plain text where TLS is expected', ['tls-mode', 'TLS_WRONG_MODE', TLS], {
    speaks: 'starttls',
    security: 'tls',
  }),
  ...both('TLS where plain text is expected', ['tls-mode', 'TLS_WRONG_MODE', TLS], {
    speaks: 'tls',
    security: 'starttls',
  }),
  ...both('TLS where nothing is to be encrypted', ['tls-mode', 'TLS_WRONG_MODE', TLS], {
    speaks: 'tls',
    security: 'none',
  }),
  ...both('TLS of an expired certificate where plain text is expected', ['tls-mode', 'TLS_WRONG_MODE', TLS], {
    speaks: 'tls',
    security: 'starttls',
    certificate: 'expired',
  }),
  ...(['smtp', 'imap'] as const).flatMap((protocol) =>
    (['tls', 'starttls'] as const).map((security): Animal => ({
      name: `a web server, security ${security}`,
      protocol,
      expects: {stage: 'tls-mode', status: 'fail', code: 'OTHER_SERVICE', exitCode: PROTOCOL},
      start: (t) => webServer(t, security),
    })),
  ),
  ...both('POP3', ['tls-mode', 'OTHER_SERVICE', PROTOCOL], {
    speaks: 'none',
    security: 'starttls',
    connection: says('+OK POP3 ready\r\n'),
  }),
  ...both('POP3 where TLS is expected', ['tls-mode', 'OTHER_SERVICE', PROTOCOL], {
    speaks: 'none',
    security: 'tls',
    connection: says('+OK POP3 ready\r\n'),
  }),
  ...both('SSH', ['tls-mode', 'OTHER_SERVICE', PROTOCOL], {
    speaks: 'none',
    security: 'starttls',
    connection: says('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'),
  }),
  ...both('the other protocol of mail', ['tls-mode', 'OTHER_SERVICE', PROTOCOL], (protocol) => ({
    speaks: 'none',
    security: 'starttls',
    connection: says(protocol === 'smtp' ? '* OK IMAP ready\r\n' : '220 mail.example ESMTP\r\n'),
  })),
]

async function webServer(t: TestContext, security: Cage['security']): Promise<Cage> {
  const server = createServer((_request, response) => response.end('hello'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  let open = 0
  server.on('connection', (socket) => {
    open++
    socket.on('close', () => open--)
  })
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const {port} = server.address() as AddressInfo
  return {...caged({address: '127.0.0.1', port, heard: [], open: () => open}), security, ca: null}
}

// Of greetings -------------------------------------------------------------------------------------------------------

const OF_GREETINGS: readonly Animal[] = [
  ...both(
    'greets late',
    ['greeting', 'GREETING_SLOW', 0],
    {
      speaks: 'starttls',
      commands: {greeting: ({usual}) => void setTimeout(usual, LATE_MS).unref()},
    },
    'warn',
  ),
  ...both('never greets', ['greeting', '*_GREETING', PROTOCOL], {speaks: 'starttls', commands: {greeting: () => {}}}),
  ...both('never greets over TLS', ['greeting', '*_GREETING', PROTOCOL], {
    speaks: 'tls',
    commands: {greeting: () => {}},
  }),
  ...both('hangs up before it greets', ['greeting', '*_GREETING', PROTOCOL], {
    speaks: 'starttls',
    commands: {greeting: ({hangUp}) => hangUp()},
  }),
  ...both('resets before it greets', ['greeting', 'TCP_RESET', 21], {
    speaks: 'starttls',
    commands: {greeting: ({reset}) => void setTimeout(reset, 50)},
  }),
  ...both('greets with noise', ['greeting', '*_GREETING', PROTOCOL], {speaks: 'starttls', ...greeting('moo', 'moo')}),
  ...both('greets without an end', ['greeting', '*_GREETING', PROTOCOL], {
    speaks: 'starttls',
    commands: {greeting: ({raw}) => raw('2'.repeat(2 ** 20))},
  }),
  ...smtp('blocks this address for a while', ['greeting', 'SMTP_LATER', LATER], {
    speaks: 'starttls',
    commands: {
      greeting: ({say, hangUp}) => {
        say('421 4.7.0 Too many connections from your address, try again later')
        hangUp()
      },
    },
  }),
  ...smtp('blocks this address', ['greeting', 'SMTP_GREETING', PROTOCOL], {
    speaks: 'starttls',
    commands: {
      greeting: ({say, hangUp}) => {
        say('554-zoo.example', '554 5.7.1 Your address is on a block list')
        hangUp()
      },
    },
  }),
  ...imap('says goodbye at once', ['greeting', 'IMAP_TOO_MANY_CONNECTIONS', LATER], {
    speaks: 'starttls',
    commands: {
      greeting: ({say, hangUp}) => {
        say('* BYE [UNAVAILABLE] Too many connections')
        hangUp()
      },
    },
  }),
  ...imap('greets as if logged in', ['starttls', 'TLS_PREAUTH', TLS], {
    speaks: 'starttls',
    ...greeting('* PREAUTH zoo ready, logged in as nobody'),
  }),
  ...smtp('is rewritten on the way', ['starttls', 'CISCO_STARTTLS_MASKED', TLS], {
    speaks: 'none',
    security: 'starttls',
    offers: {inClear: ['PIPELINING', 'XXXXXXXA', 'SIZE 10000000']},
    ...greeting('220 ****************************************************'),
  }),
]

// Of STARTTLS and what is offered ------------------------------------------------------------------------------------

const OF_DIALOGS: readonly Animal[] = [
  ...both('offers no STARTTLS', ['starttls', 'TLS_NO_STARTTLS', TLS], {speaks: 'none', security: 'starttls'}),
  ...both('refuses STARTTLS', ['starttls', 'TLS_NO_STARTTLS', TLS], {
    speaks: 'starttls',
    commands: {STARTTLS: refuse('502 5.5.1 STARTTLS not implemented', 'NO not today')},
  }),
  ...smtp('has no TLS for now', ['starttls', 'SMTP_LATER', LATER], {
    speaks: 'starttls',
    commands: {STARTTLS: ({say}) => say('454 4.7.0 TLS not available due to local problem')},
  }),
  ...both('speaks on behind STARTTLS', ['starttls', 'TLS_INJECTION', TLS], (protocol) => ({
    speaks: 'starttls',
    commands: {
      STARTTLS: ({tag, say}) =>
        protocol === 'smtp'
          ? say('220 2.0.0 Ready', '250-injected.example', '250 AUTH PLAIN')
          : say(`${tag} OK begin`, '* CAPABILITY IMAP4rev1 AUTH=PLAIN'),
    },
  })),
  ...both('takes STARTTLS and hangs up', ['tls', 'TLS_HANDSHAKE_FAILED', TLS], {
    speaks: 'starttls',
    commands: {
      STARTTLS: ({tag, say, hangUp}) => {
        say(tag === '*' ? '220 2.0.0 Ready' : `${tag} OK begin`)
        hangUp()
      },
    },
  }),
  ...both('takes STARTTLS and goes on in clear', ['tls', 'TLS_HANDSHAKE_FAILED', TLS], {
    speaks: 'starttls',
    commands: {STARTTLS: ({tag, say}) => say(tag === '*' ? '220 2.0.0 Ready' : `${tag} OK begin`)},
  }),
  ...smtp('refuses the name of this machine', ['capabilities', 'SMTP_EHLO_REFUSED', PROTOCOL], {
    speaks: 'tls',
    commands: {EHLO: ({say}) => say('501 5.5.4 Invalid domain name')},
  }),
  ...smtp('knows no EHLO', ['starttls', 'TLS_NO_STARTTLS', TLS], {
    speaks: 'starttls',
    commands: {EHLO: ({say}) => say('502 5.5.1 Command not implemented')},
  }),
  ...imap('tells no capabilities', ['capabilities', 'IMAP_PROTOCOL', PROTOCOL], {
    speaks: 'tls',
    commands: {CAPABILITY: ({tag, say}) => say(`${tag} BAD what?`)},
  }),
  ...smtp('offers no login', ['mechanism', 'SMTP_NO_AUTH', PROTOCOL], {
    speaks: 'tls',
    offers: {encrypted: ['SIZE 10000000']},
  }),
  ...smtp('takes only tokens', ['mechanism', 'SMTP_NO_MECHANISM', PROTOCOL], {
    speaks: 'tls',
    offers: {encrypted: ['SIZE 10000000', 'AUTH XOAUTH2']},
  }),
  ...imap('takes only tokens', ['mechanism', 'IMAP_LOGIN_CLOSED', 25], {
    speaks: 'tls',
    offers: {encrypted: ['IMAP4rev1', 'LOGINDISABLED', 'AUTH=XOAUTH2']},
  }),
]

export const ZOO: readonly Animal[] = [
  ...OF_CERTIFICATES,
  ...OF_HANDSHAKES,
  ...OF_PORTS,
  ...OF_GREETINGS,
  ...OF_DIALOGS,
]

/** A server that is good in every way, and takes what it is configured as. */
export const tame = (
  t: TestContext,
  protocol: Animal['protocol'],
  speaks: 'tls' | 'starttls' | 'none',
  more: Partial<Kept> = {},
): Promise<Cage> => keep(t, protocol, {speaks, certificate: 'wholeChain', ...more})
