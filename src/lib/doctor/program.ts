/** The program itself: its Node, its limits, whom it trusts, and proxies that it does not use. */
import {readFile} from 'node:fs/promises'
import {passed, warned, type Finding} from '../channel/stage.ts'
import {codeOf, EXIT, messageOf} from '../errors.ts'

/** What package.json says. */
export interface ProgramFacts {
  readonly version: string
  /** A range of versions of Node, such as `^22.22.2 || >=24.15.0`. */
  readonly engines: string
}

export function lookAtNode({version, engines}: ProgramFacts, node: string = process.versions.node): Finding {
  const evidence = {postdesk: version, node, engines, platform: `${process.platform}-${process.arch}`}
  if (satisfies(node, engines)) return passed(`postdesk ${version} on Node ${node}`, evidence)
  return warned(
    {
      code: 'NODE_UNTESTED',
      exitCode: EXIT.config,
      title: `Node ${node} is none that postdesk ${version} is made for`,
      why: `it is made for ${engines}`,
      fixes: [{text: 'Install the current long-term version of Node.'}],
    },
    evidence,
  )
}

/** Whether a version is in a range of `^1.2.3` and `>=1.2.3`, with `||` between (npm's notation, as far as it is used here). */
export function satisfies(version: string, range: string): boolean {
  const has = numbers(version)
  return range.split('||').some((part) => {
    const [, sign, least] = /^\s*(\^|>=)(\d+\.\d+\.\d+)\s*$/.exec(part) ?? []
    if (least === undefined) return false
    const needs = numbers(least)
    const isOlder = compare(has, needs) < 0
    return !isOlder && (sign === '>=' || has[0] === needs[0])
  })
}

const numbers = (version: string): readonly number[] => version.split('-', 1)[0]!.split('.').map(Number)

const compare = (a: readonly number[], b: readonly number[]): number =>
  a.map((number, index) => number - (b[index] ?? 0)).find((difference) => difference !== 0) ?? 0

/** Sending opens up to 16 connections at once, a listener one a client, SQLite three files; 256 is what macOS gives. */
const ENOUGH_FILES = 256

export function lookAtLimits(): Finding {
  // Its list of connections asks the DNS for every name.
  Object.assign(process.report, {excludeNetwork: true})
  const {userLimits} = process.report.getReport() as {
    readonly userLimits?: {readonly open_files?: {readonly soft: number | string}}
  }
  const soft = userLimits?.open_files?.soft
  const evidence = {openFiles: soft ?? null}
  if (typeof soft !== 'number' || soft >= ENOUGH_FILES)
    return passed(
      typeof soft === 'number' ? `${soft} files and connections may be open at once` : 'Nothing limits open files',
      evidence,
    )
  return warned(
    {
      code: 'FEW_OPEN_FILES',
      exitCode: EXIT.config,
      title: `Only ${soft} files and connections may be open at once`,
      why: `each connection takes one, and sending or listening may need more; ${ENOUGH_FILES} are enough`,
      fixes: [
        {text: 'In the shell that starts postdesk:', command: `ulimit -n ${ENOUGH_FILES * 4}`},
        {text: 'As a service of systemd: LimitNOFILE= in its unit.'},
      ],
    },
    evidence,
  )
}

export async function lookAtCertificates(env: NodeJS.ProcessEnv): Promise<Finding> {
  const file = env['NODE_EXTRA_CA_CERTS'] ?? ''
  const evidence = {extraCertificates: file === '' ? null : file}
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0')
    return warned(
      {
        code: 'CERTIFICATES_NOT_VERIFIED',
        exitCode: EXIT.tls,
        title: 'Certificates of servers are not verified',
        why: 'NODE_TLS_REJECT_UNAUTHORIZED is 0: whoever stands between reads passwords and mail',
        fixes: [
          {text: 'Take it out of the environment:', command: 'unset NODE_TLS_REJECT_UNAUTHORIZED'},
          {text: 'Trust your own authority instead:', command: 'export NODE_EXTRA_CA_CERTS=/etc/ssl/acme-ca.pem'},
        ],
      },
      evidence,
    )
  if (file === '') return passed('Certificates are verified by the usual authorities', evidence)
  const wrong = await whatIsWrongWith(file)
  if (wrong === null)
    return passed(`Certificates are verified by the usual authorities, and those of ${file}`, evidence)
  return warned(
    {
      code: 'EXTRA_CERTIFICATES_UNREADABLE',
      exitCode: EXIT.noInput,
      title: `The certificates of ${file} are not used`,
      why: `NODE_EXTRA_CA_CERTS names the file, and ${wrong}; Node goes on without it`,
      fixes: [{text: 'Name a file in PEM that this user may read, or take the variable away.'}],
    },
    evidence,
  )
}

async function whatIsWrongWith(file: string): Promise<string | null> {
  try {
    return /-----BEGIN CERTIFICATE-----/.test(await readFile(file, 'latin1')) ? null : 'it holds no certificate in PEM'
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? 'there is no such file' : `it cannot be read (${messageOf(error)})`
  }
}

/** The variables by which programs of the web find a proxy. */
const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'] as const

/** Their names alone: the values may hold passwords. */
export const proxiesIn = (env: NodeJS.ProcessEnv): readonly string[] =>
  PROXY_VARIABLES.flatMap((name) => [name, name.toLowerCase()]).filter((name) => (env[name] ?? '') !== '')

export function lookAtProxies(env: NodeJS.ProcessEnv): Finding {
  const set = proxiesIn(env)
  return passed(
    set.length === 0
      ? 'No proxy is set'
      : `${set.join(', ')} ${set.length === 1 ? 'is' : 'are'} set; mail does not go by a proxy, and connects directly`,
    {variables: set},
  )
}
