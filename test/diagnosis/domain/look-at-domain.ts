/** Looks at a domain as a test's DNS server has it, by the ladder that the command climbs. */
import assert from 'node:assert/strict'
import type {TestContext} from 'node:test'
import type {Stage} from '../../../src/lib/channel/stage.ts'
import type {StageId} from '../../../src/lib/channel/stages.ts'
import {type DomainSubject, domainRungs} from '../../../src/lib/diagnosis/domain/domain-stages.ts'
import {climb} from '../../../src/lib/diagnosis/ladder.ts'
import {createResolver} from '../../../src/lib/dns/resolver.ts'
import {type Script, startDns} from '../../support/dns-server.ts'

export type Zone = Readonly<Record<string, Script>>

/** An address of a domain of its own, which is sent by a server of that domain. */
export const ACME = {
  domain: 'acme.test',
  protocol: 'smtp',
  host: 'smtp.acme.test',
  port: 465,
  security: 'tls',
  provider: null,
  selectors: [],
} as const satisfies Omit<DomainSubject, 'query'>

export type Asked = Partial<Omit<DomainSubject, 'query'>>

export interface Looked {
  readonly stage: Stage
  readonly questions: readonly string[]
}

/** One stage of the domain; the others are not looked at. */
export async function lookAt(t: TestContext, id: StageId, zone: Zone, asked: Asked = {}): Promise<Looked> {
  const {stages, questions} = await lookAtAll(t, zone, asked, [id])
  return {stage: stages[0]!, questions}
}

export async function lookAtAll(t: TestContext, zone: Zone, asked: Asked = {}, only: readonly StageId[] | null = null) {
  const dns = await startDns(t, zone)
  const query = createResolver({address: dns.address, queryTimeoutMs: 300})
  const rungs = domainRungs({...ACME, ...asked, query})
  const signal = new AbortController().signal
  const stages: Stage[] = []
  for await (const stage of climb(rungs, {only: only && new Set(only), until: null, signal})) stages.push(stage)
  return {stages, questions: dns.questions}
}

/** The stage warns so: its code, the exit code, and words of its title, its reason and its ways out. */
export function assertWarns(
  {status, problem}: Stage,
  code: string,
  exitCode: number,
  {title, why, fix}: {readonly title?: RegExp; readonly why?: RegExp; readonly fix?: RegExp | string} = {},
): void {
  assert.equal(status, 'warn')
  assert.equal(problem?.code, code, `${problem?.title}: ${problem?.why}`)
  assert.equal(problem.exitCode, exitCode)
  if (title) assert.match(problem.title, title)
  if (why) assert.match(problem.why, why)
  const fixes = (problem.fixes ?? []).map(({text}) => text).join('\n')
  if (typeof fix === 'string') assert.ok(fixes.includes(fix), `${fix} is not in:\n${fixes}`)
  else if (fix) assert.match(fixes, fix)
}
