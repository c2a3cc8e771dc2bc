import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { isJsonObject } from '@roomserver/types'
import { FAMILIES, type RowCheck } from './families.ts'
import { parseRow } from './row.ts'

/** A row that does not hold. */
export interface FailedRow {
  /** The row's `id`, or its place in the file. */
  readonly id: string
  readonly difference: string
}

/** What became of one file of vectors. */
export interface FamilyResult {
  readonly family: string
  readonly passed: number
  readonly failed: readonly FailedRow[]
}

const VECTOR_FILE = /^(.+)\.jsonl(\.gz)?$/

/**
 * Checks every vector file (`*.jsonl`, `*.jsonl.gz`) of a folder. A file of a family that nobody here can judge
 * counts as one failure: nothing is passed over.
 */
export async function runVectors(folder: string): Promise<FamilyResult[]> {
  const results: FamilyResult[] = []
  for (const file of readdirSync(folder).toSorted()) {
    const family = VECTOR_FILE.exec(file)?.[1]
    if (family === undefined) continue
    const check = FAMILIES.get(family)
    const failed = [{ id: file, difference: 'unknown family of vectors' }]
    results.push(
      check === undefined
        ? { family, passed: 0, failed }
        : { family, ...(await checkLines(linesOf(join(folder, file)), check)) },
    )
  }
  return results
}

function linesOf(file: string): string[] {
  const bytes = readFileSync(file)
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  return text.split('\n').filter((line) => line !== '')
}

/** Checks the rows of one family. */
export async function checkLines(
  lines: readonly string[],
  check: RowCheck,
): Promise<Omit<FamilyResult, 'family'>> {
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
