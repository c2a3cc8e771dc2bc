import { isJsonObject } from '@roomserver/types'
import type { RowCheck } from './families.ts'
import { parseRow } from './row.ts'

/** A row that does not hold. */
export interface FailedRow {
  /** The row's `id`, or its place in the file. */
  readonly id: string
  readonly difference: string
}

/** What became of some rows of a family. */
export interface CheckedLines {
  readonly passed: number
  readonly failed: readonly FailedRow[]
}

/** Checks the rows of one family. */
export async function checkLines(lines: readonly string[], check: RowCheck): Promise<CheckedLines> {
  const failed: FailedRow[] = []
  for (const [index, line] of lines.entries()) {
    const row = parseRow(line)
    const difference = await verdictOn(row, check)
    if (difference !== undefined) failed.push({ id: idOf(row) ?? `line ${index + 1}`, difference })
  }
  return { passed: lines.length - failed.length, failed }
}

/** A check that throws has found a bug, which is a difference as well. */
async function verdictOn(row: unknown, check: RowCheck): Promise<string | undefined> {
  try {
    return await check(row)
  } catch (error) {
    return `threw ${String(error)}`
  }
}

function idOf(row: unknown): string | undefined {
  const id = isJsonObject(row) ? row['id'] : undefined
  return typeof id === 'string' ? id : undefined
}
