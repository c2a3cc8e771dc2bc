import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { RunOptions } from './run.ts'
import type { SeedReport } from './seed-report.ts'

/**
 * Runs seeds in several threads.
 *
 * @param take - is given the report of each seed, in the order in which they end
 */
export async function runSeeds(
  seeds: readonly RunOptions[],
  threads: number,
  take: (report: SeedReport) => void,
): Promise<void> {
  const left = [...seeds]
  await Promise.all(Array.from({ length: threads }, () => work(left, take)))
}

async function work(left: RunOptions[], take: (report: SeedReport) => void): Promise<void> {
  const worker = new Worker(new URL('./seed-worker.ts', import.meta.url))
  try {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const answer = once(worker, 'message')
      worker.postMessage(next)
      const [report] = (await answer) as [SeedReport]
      take(report)
    }
  } finally {
    await worker.terminate()
  }
}
