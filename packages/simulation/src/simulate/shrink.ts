import { run, type RunOptions, type RunResult } from './run.ts'
import { STUCK } from './world.ts'

/** The shortest run found that still fails in the same way. */
export interface Shrunk {
  readonly only: readonly number[]
  readonly result: RunResult
}

const MAX_TRIES = 150
/** To see that a server waits for what never comes takes seconds each time. */
const MAX_STUCK_TRIES = 12

/**
 * Leaves steps out of a failing run, ever smaller groups of them, as long as it still fails in the same way. Each step
 * has dice of its own, so that the others stay what they were.
 */
export async function shrink(options: RunOptions, failing: RunResult): Promise<Shrunk> {
  const kinds = new Set(failing.problems.map(kindOf))
  let best: Shrunk = { only: Array.from({ length: options.steps }, (_, step) => step), result: failing }
  const isStuck = failing.problems.some((problem) => problem.includes(STUCK))
  const maxTries = isStuck ? MAX_STUCK_TRIES : MAX_TRIES
  let tries = 0
  for (let size = Math.ceil(best.only.length / 2); size >= 1 && tries < maxTries; size = nextSize(size)) {
    for (let at = 0; at < best.only.length && tries < maxTries; tries++) {
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
