/** Ticket numbers, ids and cursors as they are typed. */
import {invalidValue} from '../errors.ts'

/** Digits of the largest number that is exact: 2^53 has 16. */
const NUMBER = /^#?(\d{1,15})$/

/** What is wrong with a number; null for a good one. */
export function checkNumber(text: string): string | null {
  if (/^#?\d{16,}$/.test(text)) return 'it is too large: no number here has more than 15 digits'
  return NUMBER.test(text) && !/^#?0+$/.test(text) ? null : 'use a whole number above 0, such as 42'
}

/** Reads `42` or `#42`. @throws 64 for anything else; `what` names it. */
export function parseNumber(what: string, text: string): number {
  const wrong = checkNumber(text)
  if (wrong) throw invalidValue(`${what} ${JSON.stringify(text)}`, wrong)
  return Number(NUMBER.exec(text)![1])
}
