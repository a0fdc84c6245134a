/** A table that fits the terminal: the columns that may shrink are cut, with an ellipsis; elsewhere long cells are. */
import Table from 'cli-table3'
import {cutLine} from './cut-line.ts'
import type {Style} from './style.ts'
import {textWidth} from './text-width.ts'

export interface Column<Row> {
  readonly title: string
  readonly value: (row: Row) => string | number | null
  /** True where the text may be cut to fit. */
  readonly shrinks?: boolean
  readonly right?: boolean
  /** Narrowest terminal that it is shown on, in columns; a narrower one has no room for it. */
  readonly from?: number
}

/** Narrowest a column is cut to. */
const LEAST_WIDTH = 10
const GAP = 2
/** Columns of a cell where there is no terminal. All rows are as wide as the longest, and a subject may have megabytes. */
const WIDEST_CELL = 200

export function renderTable<Row>(rows: readonly Row[], all: readonly Column<Row>[], style: Style): string {
  const columns = all.filter(({from = 0}) => style.width === null || style.width >= from)
  const widest = style.width ?? WIDEST_CELL
  const cells = rows.map((row) => columns.map((column) => cutLine(String(column.value(row) ?? '–'), widest)))
  const widths = columns.map((column, index) =>
    cells.reduce((width, line) => Math.max(width, textWidth(line[index]!)), textWidth(column.title)),
  )
  if (style.width !== null) shrink(widths, columns, style.width)
  const table = new Table({
    head: columns.map((column) => style.colour.dim(column.title)),
    colWidths: widths.map((width) => width + GAP),
    colAligns: columns.map((column) => (column.right ? 'right' : 'left')),
    style: {head: [], border: [], 'padding-left': 0, 'padding-right': GAP},
    chars: Object.fromEntries(
      [
        'top',
        'top-mid',
        'top-left',
        'top-right',
        'bottom',
        'bottom-mid',
        'bottom-left',
        'bottom-right',
        'left',
        'left-mid',
        'mid',
        'mid-mid',
        'right',
        'right-mid',
        'middle',
      ].map((name) => [name, '']),
    ),
  })
  table.push(...cells)
  return table.toString().replace(/[ \t]+$/gm, '') + '\n'
}

function shrink<Row>(widths: number[], columns: readonly Column<Row>[], available: number): void {
  const total = () => widths.reduce((sum, width) => sum + width + GAP, 0)
  while (total() > available) {
    const widest = columns
      .map((column, index) => ({index, width: column.shrinks ? widths[index]! : 0}))
      .reduce((a, b) => (b.width > a.width ? b : a))
    if (widest.width <= LEAST_WIDTH) return
    widths[widest.index] = Math.max(LEAST_WIDTH, widest.width - (total() - available))
  }
}
