/** Reads what a domain says of TLS on the way to it (RFC 8461): the record, and the policy on its web server. */
import type {Defect} from './defect.ts'

export type MtaStsDefectCode = 'MTA_STS_RECORD' | 'MTA_STS_POLICY' | 'MTA_STS_MODE' | 'MTA_STS_SHORT'

export interface MtaStsRecord {
  readonly text: string
  /** Changes with the policy; null where there is no good one. */
  readonly id: string | null
  readonly defects: readonly Defect<MtaStsDefectCode>[]
}

export interface MtaStsPolicy {
  /** Null where it is not valid. */
  readonly mode: 'enforce' | 'testing' | 'none' | null
  /** Seconds. */
  readonly maxAge: number | null
  /** Names, and `*.` before names, of the mail servers that are good. */
  readonly mx: readonly string[]
  readonly defects: readonly Defect<MtaStsDefectCode>[]
}

/** Others are discarded (RFC 8461 3.1). */
export const isMtaSts = (text: string) => /^v=STSv1[ \t]*;/.test(text)

/** RFC 8461 3.1. @param text a record that is one, its strings joined without a space. */
export function readMtaStsRecord(text: string): MtaStsRecord {
  const fields = text
    .split(';')
    .slice(1)
    .map((field) => field.trim())
    .filter(Boolean)
  const id = fields.map((field) => /^id=([a-z0-9]{1,32})$/i.exec(field)?.[1]).find((one) => one !== undefined) ?? null
  const written = fields.find((field) => field.startsWith('id='))
  return {
    text,
    id,
    defects:
      id === null
        ? [record(written === undefined ? 'it has no id=' : `"${written}" is none: 1 to 32 letters and digits are`)]
        : [],
  }
}

/** Longer ones are cut (RFC 8461 3.2). */
const MOST_AGE = 31_557_600
/** The RFC's own word: weeks or more; less than a day protects hardly anything. */
const SHORT_AGE = 86_400
/** Patterns of one policy. The RFC has no limit; a policy of 64 kB could have thousands. */
const MOST_PATTERNS = 50
const MX_PATTERN = /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i

/** RFC 8461 3.2. */
export function readMtaStsPolicy(text: string): MtaStsPolicy {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean)
  const pairs = lines.map((line) => /^([a-z0-9][a-z0-9_.-]{0,31})[ \t]*:[ \t]*(.*)$/i.exec(line))
  const values = (name: string) => pairs.flatMap((pair) => (pair?.[1] === name ? [pair[2]!] : []))
  // Of fields that stand there twice the first counts, but for mx.
  const [version, mode, age] = ['version', 'mode', 'max_age'].map((name) => values(name)[0])
  const patterns = values('mx')
  const good = patterns.filter((pattern) => MX_PATTERN.test(pattern)).slice(0, MOST_PATTERNS)
  const maxAge = /^\d{1,10}$/.test(age ?? '') && Number(age) <= MOST_AGE ? Number(age) : null
  const known = (['enforce', 'testing', 'none'] as const).find((one) => one === mode) ?? null
  return {
    mode: known,
    maxAge,
    mx: good.map((pattern) => pattern.toLowerCase()),
    defects: [
      ...(version === 'STSv1' ? [] : [policy('it does not say "version: STSv1"')]),
      ...(known === null
        ? [policy(mode === undefined ? 'it has no mode' : `its mode is "${mode}": enforce, testing and none are`)]
        : []),
      ...(maxAge === null ? [policy(`its max_age is no number of seconds up to ${MOST_AGE}`)] : []),
      ...(patterns.length > good.length
        ? [
            policy(
              `"${patterns.find((one) => !MX_PATTERN.test(one)) ?? patterns[MOST_PATTERNS]}" is no name of a mail server`,
            ),
          ]
        : []),
      ...(good.length === 0 && known !== 'none' ? [policy('it names no mail server (mx)')] : []),
      ...lines
        .filter((_, index) => pairs[index] === null)
        .slice(0, 1)
        .map((line) => policy(`"${line.slice(0, 40)}" is no line of a policy`)),
      ...(known === 'testing'
        ? [note('MTA_STS_MODE', 'it is being tested: senders report, and deliver all the same')]
        : []),
      ...(known === 'none' ? [note('MTA_STS_MODE', 'it is switched off (mode none)')] : []),
      ...(maxAge !== null && maxAge < SHORT_AGE && known === 'enforce'
        ? [note('MTA_STS_SHORT', `senders forget it after ${maxAge} seconds; some weeks are usual`)]
        : []),
    ],
  }
}

/** RFC 8461 4.1: `*.` stands for exactly one label. */
export function matchesMx(host: string, {mx}: Pick<MtaStsPolicy, 'mx'>): boolean {
  const parent = host.slice(host.indexOf('.') + 1)
  return mx.some((pattern) => (pattern.startsWith('*.') ? pattern.slice(2) === parent : pattern === host))
}

const record = (why: string) => ({code: 'MTA_STS_RECORD', weight: 'broken', why}) as const
const policy = (why: string) => ({code: 'MTA_STS_POLICY', weight: 'broken', why}) as const
const note = (code: MtaStsDefectCode, why: string) => ({code, weight: 'note', why}) as const
