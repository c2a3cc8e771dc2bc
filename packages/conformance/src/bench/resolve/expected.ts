import { readFileSync } from 'node:fs'
import type { ChainReading } from '@roomserver/state'
import type { ResolutionResult } from './run.ts'

type Expected = Readonly<Record<ChainReading, { readonly hash: string }>> & { readonly workload: string }

/** Says of a result whether it is the one that the file expects; `undefined` where it says nothing of it. */
export function readExpected(file: string): (result: ResolutionResult) => boolean | undefined {
  const lines = readFileSync(file, 'utf8').split('\n')
  const rows = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Expected)
  const byName = new Map(rows.map((row) => [row.workload, row]))
  return ({ chain, hash, workload }) => {
    const expected = byName.get(workload)?.[chain]
    return expected === undefined ? undefined : expected.hash === hash
  }
}
