import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { type CheckedLines, checkLines } from './check-lines.ts'
import { FAMILIES } from './families.ts'

/** What became of one file of vectors. */
export interface FamilyResult extends CheckedLines {
  readonly family: string
}

const VECTOR_FILE = /^(.+)\.jsonl(\.gz)?$/

/**
 * Checks every vector file (`*.jsonl`, `*.jsonl.gz`) of a folder. A file of an unknown family
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

/** The rows of a vector file, gzipped or not. */
export function linesOf(file: string): string[] {
  const bytes = readFileSync(file)
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  return text.split('\n').filter((line) => line !== '')
}
