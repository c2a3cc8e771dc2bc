import type { ChainReading } from '@roomserver/state'
import { Command, Option } from 'commander'
import { readExpected } from '../bench/resolve/expected.ts'
import { type ResolutionResult, runWorkload } from '../bench/resolve/run.ts'
import { readWorkload, workloadsIn } from '../bench/resolve/workload.ts'

interface Options {
  readonly workloads: string
  readonly expected?: string
  readonly only?: string
  readonly chain: ChainReading
  readonly timing: boolean
}

/** `conformance resolve --workloads FOLDER` */
export function resolveCommand(): Command {
  return new Command('resolve')
    .description('resolve the state of workloads: the hash of each result, median wall and CPU time')
    .requiredOption('--workloads <folder>', 'folder with a manifest.json')
    .option('--expected <file>', 'results to hold them against (JSON Lines)')
    .option('--only <part>', 'only workloads whose name contains this')
    .addOption(
      new Option('--chain <reading>', "how a state set's auth chain is read")
        .choices(['as-deployed', 'as-specified'])
        .default('as-deployed'),
    )
    .option('--no-timing', 'resolve each once and only print the hashes')
    .action((options: Options) => {
      const differing = run(options)
      if (differing > 0) process.exitCode = 1
    })
}

function run({ chain, expected, only = '', timing, workloads }: Options): number {
  const isExpected = expected === undefined ? () => undefined : readExpected(expected)
  let differing = 0
  console.log(HEADINGS)
  for (const entry of workloadsIn(workloads).filter(({ name }) => name.includes(only))) {
    for (const result of runWorkload(readWorkload(workloads, entry), chain, timing)) {
      const verdict = isExpected(result)
      if (verdict === false) differing++
      console.log(lineOf(result, verdict))
    }
  }
  if (expected !== undefined) console.log(`${differing} of the results differ from what is expected`)
  return differing
}

const HEADINGS = [
  'workload'.padEnd(20),
  'from'.padEnd(10),
  'entries'.padStart(8),
  'hash'.padEnd(17),
  'wall ms'.padStart(9),
  'CPU ms'.padStart(9),
].join(' ')

function lineOf({ entries, from, hash, timing, workload }: ResolutionResult, verdict?: boolean): string {
  const ms = (value: number | undefined) => (value === undefined ? '-' : value.toFixed(3)).padStart(9)
  const mark = verdict === undefined ? '' : verdict ? '  as expected' : '  DIFFERS'
  const cells = [workload.padEnd(20), from.padEnd(10), String(entries).padStart(8), hash.padEnd(17)]
  return `${[...cells, ms(timing?.wallMs), ms(timing?.cpuMs)].join(' ')}${mark}`
}
