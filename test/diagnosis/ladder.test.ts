import assert from 'node:assert/strict'
import {test} from 'node:test'
import {blocked, failed, type Finding, passed, skipped, type Stage, warned} from '../../src/lib/channel/stage.ts'
import type {StageId} from '../../src/lib/channel/stages.ts'
import {climb, type Climb, type Rung} from '../../src/lib/diagnosis/ladder.ts'
import {EXIT, type ErrorParts} from '../../src/lib/errors.ts'

const PROBLEM: ErrorParts = {code: 'SOME', exitCode: EXIT.tls, title: 'Something is wrong', why: 'it broke'}

const rung = (id: StageId, needs: readonly StageId[], finding: Finding): Rung => ({
  id,
  needs,
  look: () => Promise.resolve(finding),
})

async function stagesOf(rungs: readonly Rung[], options: Partial<Climb> = {}): Promise<Stage[]> {
  const stages: Stage[] = []
  for await (const stage of climb(rungs, {only: null, until: null, signal: new AbortController().signal, ...options}))
    stages.push(stage)
  return stages
}

const told = (stages: readonly Stage[]) => stages.map(({id, status}) => `${id} ${status}`)

test('what needs a stage that failed is skipped and names it, what does not need it goes on', async () => {
  const stages = await stagesOf([
    rung('tcp', [], failed(PROBLEM)),
    rung('greeting', ['tcp'], passed('not reached')),
    rung('login', ['greeting'], passed('not reached')),
    rung('spf', [], passed('is there')),
  ])
  assert.deepEqual(told(stages), ['tcp fail', 'greeting skip', 'login skip', 'spf pass'])
  assert.equal(stages[2]?.because, 'it needs tcp, which did not pass')
})

test('a warning and a stage without anything to look at block nothing, a blocked one does', async () => {
  const stages = await stagesOf([
    rung('tls', [], warned(PROBLEM)),
    rung('starttls', [], skipped('TLS from the first byte')),
    rung('login', ['tls', 'starttls'], blocked('there is no password')),
    rung('sender', ['login'], passed('not reached')),
  ])
  assert.deepEqual(told(stages), ['tls warn', 'starttls skip', 'login skip', 'sender skip'])
})

test('--only climbs what is asked for, by stage or group, and what that needs', async () => {
  const rungs = [
    rung('spf', [], passed('')),
    rung('tcp', [], passed('')),
    rung('greeting', ['tcp'], passed('')),
    rung('login', ['greeting'], passed('')),
  ]
  assert.deepEqual(told(await stagesOf(rungs, {only: new Set(['greeting'])})), ['tcp pass', 'greeting pass'])
  assert.deepEqual(told(await stagesOf(rungs, {only: new Set(['domain'])})), ['spf pass'])
})

test('what has to come before is climbed, and blocks nothing', async () => {
  const rungs = [
    rung('starttls', [], failed(PROBLEM)),
    {...rung('tls', [], passed('a handshake')), after: ['starttls'] as const},
  ]
  assert.deepEqual(told(await stagesOf(rungs, {only: new Set(['tls'])})), ['starttls fail', 'tls pass'])
})

test('--until ends with the stage', async () => {
  const rungs = [rung('tcp', [], passed('')), rung('greeting', ['tcp'], passed('')), rung('login', [], passed(''))]
  assert.deepEqual(told(await stagesOf(rungs, {until: 'greeting'})), ['tcp pass', 'greeting pass'])
})

test('an early stage is looked at from the start, and told in its turn with its own time', async () => {
  const order: string[] = []
  const slow: Rung = {
    id: 'spf',
    needs: [],
    early: true,
    look: () => {
      order.push('spf')
      return Promise.resolve(passed('is there'))
    },
  }
  const first: Rung = {
    id: 'tcp',
    needs: [],
    look: () => {
      order.push('tcp')
      return Promise.resolve(passed('connected'))
    },
  }
  assert.deepEqual(told(await stagesOf([first, slow])), ['tcp pass', 'spf pass'])
  assert.deepEqual(order, ['spf', 'tcp'])
})

test('a signal ends it', async () => {
  const stop = new AbortController()
  const ends: Rung = {
    id: 'tcp',
    needs: [],
    look: () => {
      stop.abort(new Error('enough'))
      return Promise.resolve(passed(''))
    },
  }
  await assert.rejects(stagesOf([ends, rung('greeting', [], passed(''))], {signal: stop.signal}), /enough/)
})
