import { existsSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { copyWorkspace, type WorkspaceCopy } from './mutate/copy-workspace.ts'
import { listMutants, type Mutant, sample } from './mutate/mutants.ts'
import { type Outcome, runMutants } from './mutate/run-mutants.ts'
import { testsElsewhere } from './mutate/tests-elsewhere.ts'

const ROOT = join(import.meta.dirname, '..')
const USAGE = `Usage: pnpm mutate [PACKAGE | PACKAGE/FOLDER ...] [--sample N] [--seed S] [--tests FILE ...] [--without FILE ...]

Makes small changes to the code, one at a time, and runs the tests of the package that holds it,
with those of its tests that lie in other packages (scripts/mutate/tests-elsewhere.ts).
Prints each change that no test noticed, then a table. Without a package, every package is tried.
A change with which a test does not end counts as noticed, and is printed: on a busy machine, try it again alone.

  --sample N  changes to try in each package or folder (default: all, which takes hours)
  --seed S    which changes are drawn; the same seed draws the same ones from the same code (default: 1)
  --tests F   a test file of another package that runs too; may be given several times
  --without F a test file that does not run, because it takes long; may be given several times`

/** What is printed of an outcome. */
const SAYS: Readonly<Record<Outcome, string>> = {
  noticed: 'noticed',
  'no-end': 'noticed: a test did not end',
  survived: 'no test noticed',
  constant: 'not tried: it runs when its module is loaded',
  'not-tried': 'the tests could not be run',
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    tests: { type: 'string', multiple: true, default: [] },
    without: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) console.log(USAGE)
else process.exitCode = await main(positionals.length > 0 ? positionals : packagesWithTests())

async function main(targets: readonly string[]): Promise<number> {
  const size = values.sample === undefined ? Number.POSITIVE_INFINITY : Number(values.sample)
  const named = [...targets.map(sourcesOf), ...values.tests, ...values.without]
  const unknown = named.find((path) => !existsSync(join(ROOT, path)))
  if (unknown !== undefined || !(size >= 1)) {
    console.error(unknown === undefined ? '--sample takes a number from 1' : `there is no ${unknown}`)
    console.error(USAGE)
    return 2
  }
  const { signal } = abortOn('SIGINT', 'SIGTERM')
  await using copy = await copyWorkspace(ROOT)
  try {
    const lines: string[] = []
    for (const target of targets) lines.push(...(await tryTarget(copy, target, size, signal)))
    for (const line of lines) console.log(line)
    return 0
  } catch (error) {
    if (!signal.aborted) throw error
    console.error(String(signal.reason))
    return 1
  }
}

/** Tries changes to one package or folder, prints those worth a look, and returns the lines of the table. */
async function tryTarget(
  copy: WorkspaceCopy,
  target: string,
  size: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  signal.throwIfAborted()
  const mutants = sample(await listMutants(copy.folder, sourcesOf(target)), size, values.seed)
  const name = packageOf(target)
  const elsewhere = testsElsewhere(name).filter((file) => !values.without.includes(file))
  const tests = { name, more: [...new Set([...elsewhere, ...values.tests])], without: values.without }
  const outcomes = await runMutants(copy, tests, mutants, signal)
  for (const [mutant, outcome] of outcomes) if (outcome !== 'noticed') console.log(describe(mutant, outcome))
  const ofFolders = Map.groupBy(outcomes, ([{ file }]) => folderOf(target, file))
  const folders =
    ofFolders.size > 1 ? [...ofFolders].toSorted(([one], [other]) => (one < other ? -1 : 1)) : []
  return [
    summary(target, [...outcomes.values()]),
    ...folders.map(([folder, found]) =>
      summary(
        `- ${folder}`,
        found.map(([, outcome]) => outcome),
      ),
    ),
  ]
}

/** The folder right below a target that a file is in, or the target itself. */
function folderOf(target: string, file: string): string {
  const [folder = '', ...below] = relative(sourcesOf(target), file).split('/')
  return below.length === 0 ? target : `${target}/${folder}`
}

function describe({ file, line, column, mutator, before, after }: Mutant, outcome: Outcome): string {
  return `${file}:${line}:${column} ${mutator} (${SAYS[outcome]})\n  - ${before}\n  + ${after}`
}

function summary(target: string, outcomes: readonly Outcome[]): string {
  const count = (wanted: Outcome) => outcomes.filter((outcome) => outcome === wanted).length
  const noticed = count('noticed') + count('no-end')
  const tried = noticed + count('survived')
  const share = tried === 0 ? '-' : `${((100 * noticed) / tried).toFixed(0)} %`
  return `${target}: ${noticed} of ${tried} changes noticed (${share}), ${count('no-end')} of them because a test did not end; ${count('constant') + count('not-tried')} could not be tried`
}

/** Aborts at the first of these signals, so that the copy of the workspace is removed before the process ends. */
function abortOn(...names: readonly NodeJS.Signals[]): AbortController {
  const controller = new AbortController()
  for (const name of names) process.on(name, () => controller.abort(`ended by ${name}`))
  return controller
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
  const tools = ['testing', 'conformance', 'simulation', 'interop']
  return readdirSync(join(ROOT, 'packages')).filter((name) => !tools.includes(name))
}
