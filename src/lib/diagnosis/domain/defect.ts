/** What is wrong with a record, as a value: the readers find it, the stages say how it is mended. */

/**
 * `broken`: those who check mail cannot use the record, or use it against the domain's own mail. `weak`: it works, and
 * should be better. `note`: good to know, and nothing to do.
 */
export type Weight = 'broken' | 'weak' | 'note'

export interface Defect<Code extends string = string> {
  readonly code: Code
  readonly weight: Weight
  /** What is wrong, as a clause. It may hold words of the record. */
  readonly why: string
}
