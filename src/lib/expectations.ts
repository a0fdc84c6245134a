/**
 * What an admin expects of mails, and whether it holds: `email explain --expect FILE`. The file has one case a line, in
 * JSON: `{"source": PATH, "expect": {…}}`, or the fields of `expect` beside `source`. `file` may stand for `source`.
 *
 * - A case is for the mail of exactly that source, else for the one whose file name it is.
 * - An object holds where every key that is given holds; other keys of the result do not matter.
 * - A list holds where it is as long, and each element holds in its place. `[]` means that there is nothing.
 * - Strings, numbers, true, false and null hold where they are the same.
 * - `{"matches": "REGEX"}` holds for a string in which the pattern is found.
 */
import {readFile} from 'node:fs/promises'
import {basename} from 'node:path'
import {badFileContent, inputFileMissing, messageOf} from './errors.ts'
import type {Explanation} from './explain-result.ts'

/** Something that is not as expected. */
export interface Difference {
  /** Of the mail, or of the case where there is no such mail. */
  readonly source: string
  /** Where in the explanation, such as `thread.rejected[0].why`; empty for the whole. */
  readonly path: string
  readonly expected: unknown
  /** What is there; null where nothing is. */
  readonly got: unknown
}

/** What came of all cases. */
export interface Checked {
  readonly cases: number
  readonly differences: readonly Difference[]
  /** Mails that no case is for. */
  readonly withoutCase: readonly string[]
}

/** One line of the file. */
export interface Expectation {
  readonly source: string
  readonly expect: Readonly<Record<string, unknown>>
}

/** Compares mails with the cases as they come. */
export interface Checker {
  check(explanation: Explanation): void
  /** The sum; call it once, after the last mail. */
  end(): Checked
}

/** Editors of Windows put it before UTF-8; JSON has none (RFC 8259 8.1). */
const BYTE_ORDER_MARK = /^\uFEFF/

/** @throws 66 where the file cannot be read, 65 for a line that is no case, naming it, and for a file without cases. */
export async function readExpectations(path: string): Promise<readonly Expectation[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw inputFileMissing(path, error)
  })
  const cases = text
    .replace(BYTE_ORDER_MARK, '')
    .split('\n')
    .flatMap((line, index) => (line.trim() === '' ? [] : [readCase(line, path, index + 1)]))
  // Nothing would be compared, and all would be as expected.
  if (cases.length === 0) throw badFileContent(path, 'it has no cases')
  return cases
}

function readCase(line: string, path: string, number: number): Expectation {
  const refuse = (why: string) => badFileContent(`Line ${number} of ${path}`, why)
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw refuse(`it is no JSON: ${messageOf(error)}`)
  }
  if (!isObject(value)) throw refuse('a case is an object')
  const {source, file, expect, ...fields} = value
  const named = file ?? source
  if (typeof named !== 'string' || named === '') throw refuse('it names no mail: "source" is missing')
  if (expect !== undefined && !isObject(expect)) throw refuse('"expect" is not an object')
  const wrong = wrongPattern(expect ?? fields)
  if (wrong !== null) throw refuse(wrong)
  return {source: named, expect: expect ?? fields}
}

/** What is wrong with a pattern in a case; null where all can be used. */
function wrongPattern(expected: unknown): string | null {
  if (Array.isArray(expected)) return expected.map(wrongPattern).find((wrong) => wrong !== null) ?? null
  if (!isObject(expected)) return null
  const pattern = patternOf(expected)
  if (pattern === null) return wrongPattern(Object.values(expected))
  try {
    compile(pattern)
    return null
  } catch (error) {
    return messageOf(error)
  }
}

/** Compares each mail with the cases that may be for it. */
export function createChecker(expectations: readonly Expectation[]): Checker {
  const cases = Map.groupBy(expectations, ({source}) => source)
  const sources: string[] = []
  /** The mail that a case names in full, and those that only have its name. */
  const inFull = new Map<Expectation, Compared>()
  const byName = new Map<Expectation, Compared[]>()
  return {
    check(explanation) {
      const {source} = explanation
      const name = basename(source)
      const compared = ({expect}: Expectation) => ({source, differences: compare(expect, explanation, source)})
      sources.push(source)
      for (const item of cases.get(source) ?? []) inFull.set(item, compared(item))
      if (name === source) return
      for (const item of cases.get(name) ?? []) {
        const others = byName.get(item)
        if (others) others.push(compared(item))
        else byName.set(item, [compared(item)])
      }
    },
    end() {
      const used = new Set<string>()
      const differences = expectations.flatMap((item): readonly Difference[] => {
        const exact = inFull.get(item)
        const candidates = exact ? [exact] : (byName.get(item) ?? [])
        for (const {source} of candidates) used.add(source)
        const about = {source: item.source, path: ''}
        const [only, ...others] = candidates
        if (!only) return [{...about, expected: 'a mail', got: null}]
        if (others.length === 0) return only.differences
        return [{...about, expected: 'one mail of that name', got: candidates.map(({source}) => source)}]
      })
      return {cases: expectations.length, differences, withoutCase: sources.filter((source) => !used.has(source))}
    },
  }
}

interface Compared {
  readonly source: string
  readonly differences: readonly Difference[]
}

/** What does not hold, by its place. */
function compare(expected: unknown, got: unknown, source: string, path = ''): Difference[] {
  const differs = [{source, path, expected, got: got ?? null}]
  if (Array.isArray(expected)) {
    if (!Array.isArray(got) || got.length !== expected.length) return differs
    return expected.flatMap((element, index) => compare(element, got[index], source, `${path}[${index}]`))
  }
  if (!isObject(expected)) return Object.is(expected, got ?? null) ? [] : differs
  const pattern = patternOf(expected)
  if (pattern !== null) return typeof got === 'string' && compile(pattern).test(got) ? [] : differs
  if (!isObject(got)) return differs
  return Object.entries(expected).flatMap(([key, value]) =>
    compare(value, Object.hasOwn(got, key) ? got[key] : null, source, path === '' ? key : `${path}.${key}`),
  )
}

/** The pattern of `{"matches": "REGEX"}`; null for every other object. */
function patternOf(expected: Readonly<Record<string, unknown>>): string | null {
  const {matches, ...others} = expected
  return typeof matches === 'string' && Object.keys(others).length === 0 ? matches : null
}

const compile = (pattern: string) => new RegExp(pattern, 'u')

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
