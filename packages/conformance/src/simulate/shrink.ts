import { run, type RunOptions, type RunResult } from './run.ts'

/** The shortest run found that still fails in the same way. */
export interface Shrunk {
  readonly only: readonly number[]
  readonly result: RunResult
}

const MAX_TRIES = 150

/**
 * Leaves steps out of a failing run, ever smaller groups of them, as long as it still fails in the same way. Each step
 * has dice of its own, so that the others stay what they were.
 */
export async function shrink(options: RunOptions, failing: RunResult): Promise<Shrunk> {
  const kinds = new Set(failing.problems.map(kindOf))
  let best: Shrunk = { only: Array.from({ length: options.steps }, (_, step) => step), result: failing }
  let tries = 0
  for (let size = Math.ceil(best.only.length / 2); size >= 1 && tries < MAX_TRIES; size = nextSize(size)) {
    for (let at = 0; at < best.only.length && tries < MAX_TRIES; tries++) {
      const only = best.only.filter((_, index) => index < at || index >= at + size)
      const result = await run({ ...options, only: new Set(only) })
      if (result.problems.some((problem) => kinds.has(kindOf(problem)))) best = { only, result }
      else at += size
    }
  }
  return best
}

function nextSize(size: number): number {
  return size === 1 ? 0 : Math.ceil(size / 2)
}

/** A problem without the names of what it is about. */
export function kindOf(problem: string): string {
  return problem
    .replaceAll(/\[[^\]]*\]/g, '[]')
    .replaceAll(/[$!@][^\s]+/g, 'ID')
    .replaceAll(/\bs\d+\b/g, 'S')
}
