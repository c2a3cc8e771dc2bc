import { availableParallelism } from 'node:os'
import { Command, Option } from 'commander'
import { addFigures, figuresText, noFigures } from '../simulate/figures.ts'
import type { RunOptions } from '../simulate/run.ts'
import { runSeeds } from '../simulate/run-seeds.ts'
import type { SeedReport } from '../simulate/seed-report.ts'
import type { TroubleChoice } from '../simulate/trouble.ts'

interface SimulateOptions {
  readonly seed: number
  readonly seeds: number
  readonly steps: number
  readonly servers: number
  readonly threads: number
  readonly trouble: TroubleChoice
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
    .addOption(trouble())
    .option('--threads <count>', 'how many seeds are run at a time', Number, availableParallelism())
    .option('--only <steps>', 'only these steps, separated by commas', numbers)
    .action(async (options: SimulateOptions) => {
      const failed = await runAll(options)
      process.exitCode = failed > 0 ? 1 : 0
      console.log(`${options.seeds - failed} passed, ${failed} failed`)
    })
}

function trouble(): Option {
  return new Option('--trouble <how-much>', 'mixed: every tenth seed is in great trouble')
    .choices(['usual', 'great', 'mixed'] satisfies readonly TroubleChoice[])
    .default('mixed')
}

async function runAll({
  seed,
  seeds,
  steps,
  servers,
  threads,
  trouble,
  only,
}: SimulateOptions): Promise<number> {
  const runs = Array.from(
    { length: seeds },
    (_, index): RunOptions => ({
      seed: seed + index,
      steps,
      servers,
      trouble,
      ...(only && { only: new Set(only) }),
    }),
  )
  const sum = noFigures()
  const traces: string[] = []
  let failed = 0
  const take = ({ figures, trace, failure }: SeedReport): void => {
    addFigures(sum, figures)
    traces.push(trace)
    if (failure.length === 0) return
    failed++
    console.log(failure.join('\n'))
  }
  await runSeeds(runs, Math.min(seeds, threads), take)
  console.log(figuresText(sum))
  if (seeds === 1) console.log(`trace ${traces.join('')}`)
  return failed
}
