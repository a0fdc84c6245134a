/** Most of what one transaction works on. */
export interface BatchLimits {
  readonly mails: number
  /** Of the mails as they came; a larger mail is a batch by itself. */
  readonly bytes: number
}

/** Rows in batches, in their order. `alike`: whether a row may be in one batch with the first of it. */
export function* batchesOf<Row extends {readonly size: number}>(
  rows: readonly Row[],
  most: BatchLimits,
  alike: (first: Row, next: Row) => boolean = () => true,
): Generator<Row[]> {
  let [batch, bytes]: [Row[], number] = [[], 0]
  for (const row of rows) {
    const [first] = batch
    const fits =
      first === undefined || (batch.length < most.mails && bytes + row.size <= most.bytes && alike(first, row))
    if (!fits) {
      yield batch
      ;[batch, bytes] = [[], 0]
    }
    batch.push(row)
    bytes += row.size
  }
  if (batch.length > 0) yield batch
}
