import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EXCLUDED_MUTATIONS, keyOf, type Mutant } from './mutants.ts'
import { DRAWN_FILE } from './sample-checker.ts'

interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly Result[] }>>
}

interface Result {
  readonly mutatorName: string
  readonly replacement: string
  readonly status: string
  readonly location: { readonly start: Position; readonly end: Position }
}

interface Position {
  readonly line: number
  readonly column: number
}

/**
 * Tries changes one at a time against the tests of their package.
 *
 * @param root - a copy of the workspace
 * @returns those that no test noticed
 * @throws {Error} when the tests fail without any change
 */
export async function runMutants(
  root: string,
  name: string,
  mutants: readonly Mutant[],
): Promise<readonly Mutant[]> {
  const report = join(root, 'mutation.json')
  await writeFile(join(root, DRAWN_FILE), JSON.stringify(mutants.map(({ key }) => key)))
  await writeFile(
    join(root, 'stryker.conf.json'),
    JSON.stringify({
      testRunner: 'vitest',
      plugins: ['@stryker-mutator/vitest-runner', './scripts/mutate/sample-checker.ts'],
      checkers: ['sample'],
      inPlace: true,
      symlinkNodeModules: false,
      mutate: [...new Set(mutants.map(({ file }) => file))],
      mutator: { excludedMutations: EXCLUDED_MUTATIONS },
      vitest: { configFile: `packages/${name}/vitest.config.ts` },
      reporters: ['json', 'progress-append-only'],
      jsonReporter: { fileName: report },
      concurrency: 1,
      dryRunTimeoutMinutes: 30,
      timeoutMS: 20_000,
    }),
  )
  const { status } = spawnSync('stryker', ['run', 'stryker.conf.json'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Error(`the tests of ${name} fail without a change, or could not be run`)
  const { files }: Report = JSON.parse(readFileSync(report, 'utf8'))
  const survived = new Set<string>()
  for (const [file, { mutants: results }] of Object.entries(files))
    for (const result of results)
      if (result.status === 'Survived' || result.status === 'NoCoverage')
        survived.add(keyFromReport(file, result))
  return mutants.filter(({ key }) => survived.has(key))
}

/** The report counts lines and columns from 1, Stryker's own from 0. */
function keyFromReport(file: string, { location: { start, end }, ...result }: Result): string {
  const back = ({ line, column }: Position) => ({ line: line - 1, column: column - 1 })
  return keyOf(file, { ...result, location: { start: back(start), end: back(end) } })
}
