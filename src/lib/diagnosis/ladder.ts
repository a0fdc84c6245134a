/**
 * Climbs a ladder of stages: each is timed, those that depend on one that failed are skipped with the reason, the
 * independent ones go on.
 */
import {blocked, type Finding, type Stage} from '../channel/stage.ts'
import {STAGE_IDS, STAGES, type StageGroup, type StageId} from '../channel/stages.ts'

/** A stage, and what it takes to look at it. */
export interface Rung {
  readonly id: StageId
  /** Stages of the same ladder without which it cannot be looked at: one that failed, or was blocked, blocks it. */
  readonly needs: readonly StageId[]
  /** Stages that are looked at before it in any case, whatever comes of them. */
  readonly after?: readonly StageId[]
  /** True where it shares nothing with the others: it is looked at from the start, and told in its turn. */
  readonly early?: boolean
  /** Rejects only with the signal's reason, or for a bug: whatever a server does is a finding. */
  look(signal: AbortSignal): Promise<Finding>
}

export interface Climb {
  /** Stages and groups that are wanted; those that they need are climbed, too. Null for all. */
  readonly only: ReadonlySet<string> | null
  /** The last stage, whether the ladder has it or not; null for the end. */
  readonly until: StageId | null
  readonly signal: AbortSignal
  /** Called when a stage is looked at that is not told at once. */
  readonly onBegin?: (id: StageId) => void
  /** Milliseconds on a clock that only goes forward. */
  readonly elapsed?: () => number
}

/** The stages in order, each as soon as it is known. @throws the signal's reason. */
export async function* climb(rungs: readonly Rung[], options: Climb): AsyncGenerator<Stage> {
  const {only, until, signal, onBegin, elapsed = now} = options
  const wanted = wantedOf(rungs, only)
  // By the order of all stages, as a ladder may lack the one that is named.
  const last = until === null ? STAGE_IDS.length : STAGE_IDS.indexOf(until)
  const climbed = rungs.filter(({id}) => wanted.has(id) && STAGE_IDS.indexOf(id) <= last)
  const look = async (rung: Rung) => {
    const began = elapsed()
    const finding = await rung.look(signal)
    return stageOf(rung.id, finding, Math.round(elapsed() - began))
  }
  const early = new Map(climbed.filter((rung) => rung.early === true).map((rung) => [rung.id, look(rung)]))
  // Awaited in their turn; one that fails before must not be left unhandled.
  for (const stage of early.values()) stage.catch(() => {})
  const blocks = new Map<StageId, StageId>()
  for (const rung of climbed) {
    signal.throwIfAborted()
    const obstacle = rung.needs.find((need) => blocks.has(need))
    if (obstacle === undefined) onBegin?.(rung.id)
    const blockedBy = obstacle === undefined ? rung.id : blocks.get(obstacle)!
    const stage =
      obstacle === undefined
        ? await (early.get(rung.id) ?? look(rung))
        : stageOf(rung.id, blocked(`it needs ${blockedBy}, which did not pass`), 0)
    if (stage.blocks === true) blocks.set(rung.id, blockedBy)
    yield stage
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
      return {
        ...common,
        title: summary,
        because: finding.because,
        ...(finding.blocks === true ? {blocks: true} : {}),
      }
    case 'warn':
    case 'fail':
      return {
        ...common,
        title: finding.problem.title,
        problem: {...finding.problem, stage: id},
        ...(finding.status === 'fail' ? {blocks: true} : {}),
      }
  }
}

function wantedOf(rungs: readonly Rung[], only: ReadonlySet<string> | null): ReadonlySet<StageId> {
  if (only === null) return new Set(rungs.map(({id}) => id))
  const byId = new Map(rungs.map((rung) => [rung.id, rung]))
  const wanted = new Set<StageId>()
  const want = (id: StageId) => {
    if (wanted.has(id)) return
    wanted.add(id)
    const rung = byId.get(id)
    for (const before of [...(rung?.needs ?? []), ...(rung?.after ?? [])]) want(before)
  }
  for (const {id} of rungs) if (only.has(id) || only.has(STAGES[id].group)) want(id)
  return wanted
}

const now = () => performance.now()
