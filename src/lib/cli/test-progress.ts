/** How far tests have come, for a person: a line a stage as it finishes; of several targets a block each. */
import type {Stage} from '../channel/stage.ts'
import type {StageId} from '../channel/stages.ts'
import type {TranscriptLine} from '../diagnosis/subject.ts'
import {safeLine} from './safe-text.ts'
import {skippedLine, stageLine} from './stage-line.ts'
import type {Style} from './style.ts'

export interface TestProgress {
  begin(target: string, id: StageId): void
  stage(target: string, stage: Stage): void
  transcript(target: string, line: TranscriptLine): void
  /** The target is done with. */
  end(target: string): void
}

/** `write` gets whole lines, but for the one that is drawn over. `live`: whether a line can be drawn over. */
export function createTestProgress(
  write: (text: string) => void,
  style: Style,
  {several, live}: {readonly several: boolean; readonly live: boolean},
): TestProgress {
  const {colour, width} = style
  const blocks = new Map<string, string>()
  /** Skipped for one reason, and not told yet: what failed early would drown in them. */
  const skipped = new Map<string, Stage[]>()
  const put = (target: string, text: string) => {
    if (several) blocks.set(target, (blocks.get(target) ?? '') + text)
    else write(`${live ? CLEAR : ''}${text}`)
  }
  const tellSkipped = (target: string) => {
    const stages = skipped.get(target)
    skipped.delete(target)
    if (stages) put(target, skippedLine(stages, style))
  }
  return {
    begin(_target, id) {
      if (live && !several) write(`${CLEAR}${colour.dim(`····  ${id} …`.slice(0, (width ?? 80) - 1))}`)
    },
    stage(target, stage) {
      const before = skipped.get(target)
      if (stage.status === 'skip' && before?.[0]?.because === stage.because && before) {
        before.push(stage)
        return
      }
      tellSkipped(target)
      if (stage.status === 'skip') skipped.set(target, [stage])
      else put(target, stageLine(stage, style))
    },
    transcript(target, {at, from, text}) {
      tellSkipped(target)
      put(target, `${colour.dim(`${String(at).padStart(6)} ms ${SIGNS[from]} ${safeLine(text)}`)}\n`)
    },
    end(target) {
      tellSkipped(target)
      if (several) write(`${colour.bold(safeLine(target))}\n${blocks.get(target) ?? ''}\n`)
      else if (live) write(CLEAR)
      blocks.delete(target)
    },
  }
}

const CLEAR = '\r\u001B[K'
const SIGNS = {client: '→', server: '←', note: '·'} as const
