import { globSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineConfig } from 'vitest/config'
import { parseCLI } from 'vitest/node'
import SlowFirst from './scripts/slow-first.ts'
import { quickParent, useOwnTemporaryFolder } from './scripts/temporary-folder.ts'
import { chromium } from './vitest.chromium.ts'
import { MAX_WORKERS, type Project, project, TEST_FILES } from './vitest.shared.ts'

useOwnTemporaryFolder(quickParent())

const ROOT = import.meta.dirname

/** Test files that run alike: those of a package, or of the workspace. */
interface Tests {
  readonly include: readonly string[]
  readonly setUps: readonly string[]
}

/**
 * The tests of all packages and of the workspace, as two projects: those that need no set-up, and all others. Each project has
 * worker processes of its own, and a process loads a source once, whichever package's tests need it.
 */
async function nodeProjects(): Promise<readonly Project[]> {
  const configs = globSync('{packages,apps}/*/vitest.config.ts', { cwd: ROOT })
  const packages = await Promise.all(
    configs.toSorted().map(async (file) => {
      const { default: own } = (await import(pathToFileURL(join(ROOT, file)).href)) as { default: Project }
      return { include: TEST_FILES.map((files) => join(dirname(file), files)), setUps: own.test.globalSetup }
    }),
  )
  const workspace: Tests = { include: ['test/!(tarballs)/**/*.test.ts'], setUps: [] }
  const all: readonly Tests[] = [...packages, workspace]
  const named = all.filter(isNamed)
  const alike = Map.groupBy(named.length > 0 ? named : all, ({ setUps }) => setUps.length > 0)
  return [...alike.values()].map((group) => {
    const setUps = [...new Set(group.flatMap((tests) => tests.setUps))]
    const shared = project(ROOT, ...setUps)
    return {
      ...shared,
      extends: false,
      test: { ...shared.test, name: nameOf(setUps), include: group.flatMap(({ include }) => include) },
    }
  })
}

/** Parts of paths that the command line names. */
const names = parseCLI(['vitest', ...process.argv.slice(2)], { allowUnknownOptions: true }).filter.map(
  (path) => normalize(path).replace(/:\d+$/, '').toLowerCase(),
)

/** Whether the command line names some of these files: what the others need is not started for a single test. */
function isNamed({ include }: Tests): boolean {
  const files = names.length > 0 ? globSync(include, { cwd: ROOT }) : []
  return files.some((file) => names.some((name) => join(ROOT, file).toLowerCase().includes(name)))
}

/** What a project is called: `servers, program` has `servers-setup.ts` and `program-setup.ts`. */
function nameOf(setUps: readonly string[]): string {
  return setUps.map((file) => basename(file, '-setup.ts')).join(', ') || 'plain'
}

export default defineConfig({
  test: {
    maxWorkers: MAX_WORKERS,
    sequence: { sequencer: SlowFirst },
    projects: [...(await nodeProjects()), chromium],
    reporters: ['default', './scripts/closing-line-reporter.ts'],
  },
})
