import { writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import { addFigures, figuresText, noFigures } from '../simulate/figures.ts'
import { run, type RunOptions, type RunResult } from '../simulate/run.ts'

interface SimulateOptions {
  readonly seed: number
  readonly seeds: number
  readonly steps: number
  readonly servers: number
}

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
    .action(async ({ seed, seeds, steps, servers }: SimulateOptions) => {
      const sum = noFigures()
      let failed = 0
      for (let one = seed; one < seed + seeds; one++) {
        const options = { seed: one, steps, servers }
        const result = await run(options)
        addFigures(sum, result.figures)
        if (result.problems.length === 0) continue
        failed++
        await report(options, result)
      }
      console.log(figuresText(sum))
      process.exitCode = failed > 0 ? 1 : 0
      console.log(`${seeds - failed} passed, ${failed} failed`)
    })
}

async function report({ seed, steps, servers }: RunOptions, { problems, events }: RunResult): Promise<void> {
  console.log(`seed ${seed} fails:`)
  for (const problem of problems) console.log(`  ${problem}`)
  console.log(`  again: pnpm simulate --seed ${seed} --steps ${steps} --servers ${servers}`)
  const file = `simulate-${seed}.jsonl`
  await writeFile(file, events.map(({ json }) => `${json}\n`).join(''))
  console.log(`  its events: ${file}`)
}
