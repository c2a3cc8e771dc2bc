import { writeFile } from 'node:fs/promises'
import { type Figures, noFigures } from './figures.ts'
import { run, type RunOptions, type RunResult } from './run.ts'
import { shrink } from './shrink.ts'

/** What there is to tell of a seed. */
export interface SeedReport {
  readonly figures: Figures
  /** See `RunResult`. */
  readonly trace: string
  /** What failed, the shortest history that still does, and where its events are; nothing when all is well. */
  readonly failure: readonly string[]
}

/** Runs a seed. Of one that fails, the events of the shortest history are written to a file for `roomserver replay`. */
export async function reportOn(options: RunOptions): Promise<SeedReport> {
  try {
    const result = await run(options)
    const failure = result.problems.length === 0 ? [] : await failureOf(options, result)
    return { figures: result.figures, trace: result.trace, failure }
  } catch (error) {
    const text = error instanceof Error ? String(error.stack) : String(error)
    return { figures: noFigures(), trace: '', failure: [`seed ${options.seed} ends with an error:`, text] }
  }
}

async function failureOf(options: RunOptions, failing: RunResult): Promise<readonly string[]> {
  const { seed, steps, servers, trouble = 'mixed' } = options
  const again = `pnpm simulate --seed ${seed} --steps ${steps} --servers ${servers} --trouble ${trouble}`
  const report = [`seed ${seed} fails:`, ...failing.problems.map((problem) => `  ${problem}`)]
  if (options.only !== undefined) return [...report, await eventsFile(seed, failing)]
  const { only, result } = await shrink(options, failing)
  return [
    ...report,
    `  again: ${again}`,
    `  shortest: ${again} --only ${only.join(',')}`,
    ...result.problems.map((problem) => `    ${problem}`),
    await eventsFile(seed, result),
  ]
}

async function eventsFile(seed: number, { events }: RunResult): Promise<string> {
  const file = `simulate-${seed}.jsonl`
  await writeFile(file, events.map(({ json }) => `${json}\n`).join(''))
  return `  its ${events.length} events: ${file}`
}
