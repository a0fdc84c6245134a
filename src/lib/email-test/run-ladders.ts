/** Climbs ladders side by side, at most a few at the same host, and says what each came to. */
import type {Stage} from '../channel/stage.ts'
import type {Instant} from '../clock.ts'
import {climb} from '../diagnosis/ladder.ts'
import type {TranscriptLine} from '../diagnosis/subject.ts'
import {verdictOf, type Verdict} from '../diagnosis/verdict.ts'
import type {Ladder} from './ladder.ts'
import {createLimit, type Limit} from './limit.ts'
import type {TestRun} from './run.ts'

/** What a test came to. */
export interface TestResult {
  readonly target: string
  readonly startedAt: Instant
  readonly durationMs: number
  readonly verdict: Verdict
  readonly stages: readonly Stage[]
  readonly transcript: readonly TranscriptLine[]
}

/** Tests of one host at a time: providers take more connections at once for an attack on their passwords. */
const PER_HOST = 2

/** All at once, whatever their number; in the order given. @throws the signal's reason. */
export function runLadders(ladders: readonly Ladder[], run: TestRun): Promise<readonly TestResult[]> {
  const hosts = new Map<string, Limit>()
  return Promise.all(
    ladders.map((ladder) => {
      const work = () => runLadder(ladder, run)
      if (ladder.host === null) return work()
      const limit = hosts.get(ladder.host) ?? createLimit(PER_HOST)
      hosts.set(ladder.host, limit)
      return limit(work)
    }),
  )
}

async function runLadder(ladder: Ladder, run: TestRun): Promise<TestResult> {
  const {target, rungs, transcript} = ladder
  const startedAt = run.clock.now()
  const began = performance.now()
  const stages: Stage[] = []
  try {
    for await (const stage of climb(rungs, {...run, onBegin: (id) => run.onBegin(target, id)})) {
      stages.push(stage)
      run.onStage(target, stage)
    }
  } finally {
    await ladder.end()
    run.onEnd(target)
  }
  return {
    target,
    startedAt,
    durationMs: Math.round(performance.now() - began),
    verdict: verdictOf(stages, run),
    stages,
    transcript,
  }
}
