import { escaped } from '@roomserver/inspect'
import { coloured, columnsOf, type Terminal } from './terminal.ts'

/** A column of a table. */
export interface TableColumn<Row> {
  readonly title: string
  readonly cell: (row: Row) => string | number
  /** Whether the column gives way where the terminal is too narrow. */
  readonly isFlexible?: boolean
}

/** No column becomes narrower. */
const LEAST = 8
const GAP = '  '

/** Rows under titles, each on one line that fits the terminal; foreign text is shown escaped. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly TableColumn<Row>[],
  terminal: Terminal,
): string {
  const cells = rows.map((row) => columns.map(({ cell }) => escaped(String(cell(row)))))
  const isNumber = columns.map(
    ({ cell }) => rows.length > 0 && rows.every((row) => typeof cell(row) === 'number'),
  )
  const widths = fitted(
    columns.map(({ title }, at) =>
      Math.max(columnsOf(title), ...cells.map((row) => columnsOf(row[at] ?? ''))),
    ),
    columns.map(({ isFlexible }) => isFlexible === true),
    terminal.width,
  )
  const line = (texts: readonly string[]) =>
    texts
      .map((text, at) => padded(text, widths[at] ?? 0, isNumber[at] === true))
      .join(GAP)
      .trimEnd()
  const head = coloured(line(columns.map(({ title }) => title)), 'bold', terminal)
  return [head, ...cells.map(line)].join('\n')
}

/** Takes from the flexible columns, the widest first, what does not fit. */
function fitted(widths: readonly number[], flexible: readonly boolean[], width: number): readonly number[] {
  const fit = [...widths]
  let excess = fit.reduce((sum, one) => sum + one, 0) + GAP.length * (fit.length - 1) - width
  while (excess > 0) {
    const widest = fit.reduce(
      (best, one, at) => (flexible[at] === true && one > (fit[best] ?? -1) ? at : best),
      -1,
    )
    if (widest < 0 || (fit[widest] ?? 0) <= LEAST) break
    fit[widest] = (fit[widest] ?? 0) - 1
    excess--
  }
  return fit
}

function padded(text: string, width: number, isNumber: boolean): string {
  const fits = columnsOf(text) <= width ? text : cut(text, width)
  const blanks = ' '.repeat(Math.max(0, width - columnsOf(fits)))
  return isNumber ? `${blanks}${fits}` : `${fits}${blanks}`
}

function cut(text: string, width: number): string {
  let shown = ''
  for (const character of text) {
    if (columnsOf(shown + character) > width - 1) break
    shown += character
  }
  return `${shown}…`
}
