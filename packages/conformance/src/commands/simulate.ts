import { writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import { addFigures, figuresText, noFigures } from '../simulate/figures.ts'
import { run, type RunOptions, type RunResult } from '../simulate/run.ts'
import { shrink } from '../simulate/shrink.ts'

interface SimulateOptions {
  readonly seed: number
  readonly seeds: number
  readonly steps: number
  readonly servers: number
  readonly only?: readonly number[]
}

const numbers = (text: string): readonly number[] => text.split(',').map(Number)

/** `conformance simulate`: rooms over many servers in one process, in an unkind world that repeats itself. */
export function simulateCommand(): Command {
  return new Command('simulate')
    .description(
      'runs rooms over several room servers with a simulated network, clock and chance, and checks them',
    )
    .option('--seed <number>', 'the first seed', Number, 1)
    .option('--seeds <count>', 'how many seeds, from the first on', Number, 1)
    .option('--steps <count>', 'steps of each run', Number, 60)
    .option('--servers <count>', 'servers of each run', Number, 3)
    .option('--only <steps>', 'only these steps, separated by commas', numbers)
    .action(async (options: SimulateOptions) => {
      const failed = await runAll(options)
      process.exitCode = failed > 0 ? 1 : 0
      console.log(`${options.seeds - failed} passed, ${failed} failed`)
    })
}

async function runAll({ seed, seeds, steps, servers, only }: SimulateOptions): Promise<number> {
  const sum = noFigures()
  let failed = 0
  for (let one = seed; one < seed + seeds; one++) {
    const options = { seed: one, steps, servers, ...(only && { only: new Set(only) }) }
    const result = await run(options)
    addFigures(sum, result.figures)
    if (result.problems.length === 0) continue
    failed++
    await report(options, result)
  }
  console.log(figuresText(sum))
  return failed
}

/** Prints what failed, then the shortest history that still does, and writes that to a file. */
async function report(options: RunOptions, failing: RunResult): Promise<void> {
  const { seed, steps, servers } = options
  console.log(`seed ${seed} fails:`)
  for (const problem of failing.problems) console.log(`  ${problem}`)
  const again = `pnpm simulate --seed ${seed} --steps ${steps} --servers ${servers}`
  console.log(`  again: ${again}`)
  if (options.only !== undefined) return writeEvents(seed, failing)
  const { only, result } = await shrink(options, failing)
  console.log(`  shortest: ${again} --only ${only.join(',')}`)
  for (const problem of result.problems) console.log(`    ${problem}`)
  await writeEvents(seed, result)
}

/** For `roomserver replay`. */
async function writeEvents(seed: number, { events }: RunResult): Promise<void> {
  const file = `simulate-${seed}.jsonl`
  await writeFile(file, events.map(({ json }) => `${json}\n`).join(''))
  console.log(`  its ${events.length} events: ${file}`)
}
