import { globSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineConfig } from 'vitest/config'
import SlowFirst from './scripts/slow-first.ts'
import { useOwnTemporaryFolder } from './scripts/temporary-folder.ts'
import { chromium } from './vitest.chromium.ts'
import { MAX_WORKERS, type Project, project, TEST_FILES } from './vitest.shared.ts'

useOwnTemporaryFolder()

const ROOT = import.meta.dirname

/**
 * The tests of all packages and of the workspace. Those that need the same set-up are one project: each project has worker
 * processes of its own, and a process loads a source once, whichever package's tests need it.
 */
async function nodeProjects(): Promise<readonly Project[]> {
  const configs = globSync('{packages,apps}/*/vitest.config.ts', { cwd: ROOT })
  const packages = await Promise.all(
    configs.toSorted().map(async (file) => {
      const { default: own } = (await import(pathToFileURL(join(ROOT, file)).href)) as { default: Project }
      return { include: TEST_FILES.map((files) => join(dirname(file), files)), setUps: own.test.globalSetup }
    }),
  )
  const workspace = { include: ['test/!(tarballs)/**/*.test.ts'], setUps: [] }
  const alike = Map.groupBy([...packages, workspace], ({ setUps }) => nameOf(setUps))
  return [...alike].map(([name, group]) => {
    const [{ setUps } = workspace] = group
    const shared = project(ROOT, ...setUps)
    return {
      ...shared,
      extends: false,
      test: { ...shared.test, name, include: group.flatMap(({ include }) => include) },
    }
  })
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
