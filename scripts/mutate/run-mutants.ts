import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WorkspaceCopy } from './copy-workspace.ts'
import { EXCLUDED_MUTATIONS, keyOf, type Mutant } from './mutants.ts'
import { DRAWN_FILE } from './sample-checker.ts'

const CONFIG_FILE = 'mutate.vitest.config.ts'

/** How the tests of some packages run. */
const configOf = (
  projects: readonly string[],
) => `import { ShortestFirst } from './scripts/mutate/shortest-first.ts'

export default {
  test: { projects: ${JSON.stringify(projects)}, sequence: { sequencer: ShortestFirst } },
}
`

interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly Result[] }>>
}

interface Result {
  readonly mutatorName: string
  readonly replacement: string
  readonly status: string
  readonly statusReason?: string
  readonly location: { readonly start: Position; readonly end: Position }
}

interface Position {
  readonly line: number
  readonly column: number
}

/**
 * What came of a change: a test failed, a test did not end, no test failed, it cannot be tried, because the code runs when its
 * module is loaded, or the tests could not be run with it.
 *
 * A change for which a test did not end counts as noticed. On a busy machine it may be a test that only took long.
 */
export type Outcome = 'noticed' | 'no-end' | 'survived' | 'constant' | 'not-tried'

/** Which tests run. */
export interface TestsToRun {
  /** The package whose tests run. */
  readonly name: string
  /** Test files of other packages that run too. */
  readonly more: readonly string[]
  /** Test files that do not run. */
  readonly without: readonly string[]
}

/**
 * Tries changes one at a time against the tests of their package.
 *
 * @param signal - ends the run
 * @returns what came of each
 * @throws {Error} when the tests fail without any change
 */
export async function runMutants(
  { folder, temporaryFolder }: WorkspaceCopy,
  { name, more, without }: TestsToRun,
  mutants: readonly Mutant[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Mutant, Outcome>> {
  const report = join(folder, 'mutation.json')
  await writeFile(join(folder, DRAWN_FILE), JSON.stringify(mutants.map(({ key }) => key)))
  const own = `packages/${name}`
  const ownTests = globSync(`${own}/{src,test}/**/*.test.ts`, { cwd: folder }).filter(
    (file) => !without.includes(file),
  )
  const projects = [own, ...new Set(more.map((file) => file.split('/').slice(0, 2).join('/')))]
  await writeFile(join(folder, CONFIG_FILE), configOf(projects))
  await writeFile(
    join(folder, 'stryker.conf.json'),
    JSON.stringify({
      testRunner: 'vitest',
      plugins: ['@stryker-mutator/vitest-runner', './scripts/mutate/sample-checker.ts'],
      checkers: ['sample'],
      inPlace: true,
      symlinkNodeModules: false,
      mutate: [...new Set(mutants.map(({ file }) => file))],
      mutator: { excludedMutations: EXCLUDED_MUTATIONS },
      vitest: { configFile: CONFIG_FILE },
      ...(more.length + without.length > 0 && { testFiles: [...ownTests, ...more] }),
      reporters: ['json', 'progress-append-only'],
      jsonReporter: { fileName: report },
      concurrency: 1,
      // A mutant of what a module does when it is loaded is not switched on when the tests run, and would count as survived.
      ignoreStatic: true,
      dryRunTimeoutMinutes: 30,
      // Long enough that a busy machine alone does not make a test one that never ends.
      timeoutMS: 30_000,
      timeoutFactor: 1.5,
    }),
  )
  const stryker = spawn('stryker', ['run', 'stryker.conf.json'], {
    cwd: folder,
    stdio: 'inherit',
    env: { ...process.env, TMPDIR: temporaryFolder },
  })
  const end = () => stryker.kill('SIGTERM')
  signal.addEventListener('abort', end)
  const [status]: unknown[] = await once(stryker, 'close')
  signal.removeEventListener('abort', end)
  signal.throwIfAborted()
  if (status !== 0) throw new Error(`the tests of ${name} fail without a change, or could not be run`)
  const { files }: Report = JSON.parse(readFileSync(report, 'utf8'))
  const outcomes = new Map<string, Outcome>()
  for (const [file, { mutants: results }] of Object.entries(files))
    for (const result of results) outcomes.set(keyFromReport(file, result), outcomeOf(result))
  return new Map(mutants.map((mutant) => [mutant, outcomes.get(mutant.key) ?? 'not-tried']))
}

function outcomeOf({ status, statusReason }: Result): Outcome {
  if (status === 'Survived' || status === 'NoCoverage') return 'survived'
  if (status === 'Timeout') return 'no-end'
  if (status === 'Ignored') return 'constant'
  if (status === 'Killed') return /timed out in \d+ms/.test(statusReason ?? '') ? 'no-end' : 'noticed'
  return 'not-tried'
}

/** The report counts lines and columns from 1, Stryker's own from 0. */
function keyFromReport(file: string, { location: { start, end }, ...result }: Result): string {
  const back = ({ line, column }: Position) => ({ line: line - 1, column: column - 1 })
  return keyOf(file, { ...result, location: { start: back(start), end: back(end) } })
}
