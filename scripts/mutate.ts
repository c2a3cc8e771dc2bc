import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { copyWorkspace } from './mutate/copy-workspace.ts'
import { listMutants, sample } from './mutate/mutants.ts'
import { runMutants } from './mutate/run-mutants.ts'

const ROOT = join(import.meta.dirname, '..')
const USAGE = `Usage: pnpm mutate [PACKAGE | PACKAGE/FOLDER ...] [--sample N] [--seed S]

Makes small changes to the code, one at a time, and runs the tests of the package that holds it.
Prints each change that no test noticed, then a table. Without a package, every package is tried.

  --sample N  changes to try in each package or folder (default: all, which takes hours)
  --seed S    which changes are drawn; the same seed draws the same ones from the same code (default: 1)`

/** What came of the changes to one package or folder. */
export interface Tally {
  readonly target: string
  readonly tried: number
  readonly noticed: number
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) console.log(USAGE)
else process.exitCode = await main(positionals.length > 0 ? positionals : packagesWithTests())

async function main(targets: readonly string[]): Promise<number> {
  const size = values.sample === undefined ? Number.POSITIVE_INFINITY : Number(values.sample)
  const unknown = targets.find((target) => !existsSync(join(ROOT, sourcesOf(target))))
  if (unknown !== undefined || !(size >= 1)) {
    console.error(
      unknown === undefined ? '--sample takes a number from 1' : `there is no ${sourcesOf(unknown)}`,
    )
    console.error(USAGE)
    return 2
  }
  await using copy = await copyWorkspace(ROOT)
  const tallies: Tally[] = []
  for (const target of targets) {
    const mutants = sample(await listMutants(copy.folder, sourcesOf(target)), size, values.seed)
    const survivors = await runMutants(copy.folder, packageOf(target), mutants)
    for (const { file, line, mutator, before, after } of survivors)
      console.log(`${file}:${line} ${mutator}\n  - ${before}\n  + ${after}`)
    tallies.push({ target, tried: mutants.length, noticed: mutants.length - survivors.length })
  }
  for (const { target, tried, noticed } of tallies)
    console.log(
      `${target}: ${noticed} of ${tried} changes noticed (${((100 * noticed) / tried).toFixed(0)} %)`,
    )
  return 0
}

function packageOf(target: string): string {
  return target.split('/')[0] ?? target
}

/** `core` is `packages/core/src`, and `core/decide` the folder `decide` in it. */
function sourcesOf(target: string): string {
  const [name = '', ...folders] = target.split('/')
  return join('packages', name, 'src', ...folders)
}

function packagesWithTests(): readonly string[] {
  const isTool = (name: string) => name === 'testing' || name === 'conformance'
  return readdirSync(join(ROOT, 'packages')).filter((name) => !isTool(name))
}
