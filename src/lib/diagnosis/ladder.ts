/**
 * Climbs a ladder of stages: each is timed, those that depend on one that failed are skipped with the reason, the
 * independent ones go on.
 */
import {blocked as stopped, type Finding, type Stage} from '../channel/stage.ts'
import {STAGES, type StageGroup, type StageId} from '../channel/stages.ts'

/** A stage, and what it takes to look at it. */
export interface Rung {
  readonly id: StageId
  /** Stages of the same ladder without which it cannot be looked at: one that failed, or was blocked, blocks it. */
  readonly needs: readonly StageId[]
  /** Rejects only with the signal's reason, or for a bug: whatever a server does is a finding. */
  look(signal: AbortSignal): Promise<Finding>
}

export interface Climb {
  /** Stages and groups that are wanted; those that they need are climbed, too. Null for all. */
  readonly only: ReadonlySet<string> | null
  /** The last stage; null for the end. */
  readonly until: StageId | null
  readonly signal: AbortSignal
  /** Milliseconds on a clock that only goes forward. */
  readonly elapsed?: () => number
}

/** The stages in order, each as soon as it is known. @throws the signal's reason. */
export async function* climb(
  rungs: readonly Rung[],
  {only, until, signal, elapsed = now}: Climb,
): AsyncGenerator<Stage> {
  const wanted = wantedOf(rungs, only)
  const last = until === null ? rungs.length : rungs.findIndex(({id}) => id === until) + 1 || rungs.length
  const blocked = new Map<StageId, StageId>()
  for (const rung of rungs.slice(0, last)) {
    if (!wanted.has(rung.id)) continue
    signal.throwIfAborted()
    const began = elapsed()
    const obstacle = rung.needs.find((need) => blocked.has(need))
    const finding: Finding =
      obstacle === undefined
        ? await rung.look(signal)
        : stopped(`it needs ${blocked.get(obstacle)!}, which did not pass`)
    if (finding.status === 'fail' || (finding.status === 'skip' && finding.blocks === true))
      blocked.set(rung.id, obstacle === undefined ? rung.id : blocked.get(obstacle)!)
    yield stageOf(rung.id, finding, Math.round(elapsed() - began))
  }
}

/** A finding as the stage that it was made at. */
export function stageOf(id: StageId, finding: Finding, ms: number): Stage {
  const {group, summary}: {readonly group: StageGroup; readonly summary: string} = STAGES[id]
  const common = {id, group, status: finding.status, ms, evidence: finding.evidence ?? {}}
  switch (finding.status) {
    case 'pass':
      return {...common, title: finding.title}
    case 'skip':
      return {...common, title: summary, because: finding.because}
    case 'warn':
    case 'fail':
      return {...common, title: finding.problem.title, problem: {...finding.problem, stage: id}}
  }
}

function wantedOf(rungs: readonly Rung[], only: ReadonlySet<string> | null): ReadonlySet<StageId> {
  if (only === null) return new Set(rungs.map(({id}) => id))
  const byId = new Map(rungs.map((rung) => [rung.id, rung]))
  const wanted = new Set<StageId>()
  const want = (id: StageId) => {
    if (wanted.has(id)) return
    wanted.add(id)
    for (const need of byId.get(id)?.needs ?? []) want(need)
  }
  for (const {id} of rungs) if (only.has(id) || only.has(STAGES[id].group)) want(id)
  return wanted
}

const now = () => performance.now()
