import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { TestProjectInlineConfiguration } from 'vitest/config'
import type {} from './packages/testing/src/servers/provided.ts'

/** More than there are cores: many tests wait for other processes, or for a time. (vitest takes one less than there are cores.) */
export const MAX_WORKERS = availableParallelism() + 2

/** Stryker changes the sources and runs their tests again, for which it has its own settings and needs vitest's runner. */
const IS_MUTATING = 'STRYKER_MUTATOR_WORKER' in process.env

/**
 * Node runs the sources itself, as it runs the program: vitest's module runner would transform every file anew in every
 * project, and looks an import up wherever it is used.
 */
export const RUNNING = IS_MUTATING
  ? {}
  : {
      experimental: { viteModuleRunner: false },
      execArgv: ['--conditions=@roomserver/source', '--min-semi-space-size=16'],
      maxWorkers: MAX_WORKERS,
    }

/**
 * Tests with real servers and processes share the machine with each other: one that fails is tried once more, and the end of
 * the run names those that passed only then. Tests of plain functions are not.
 */
const RETRYING = IS_MUTATING ? {} : { retry: 1 }

/** How long `expect.poll` tries: on a busy machine a second, which is its default, is soon over. */
export const POLLING = { poll: { timeout: 30_000, interval: 20 } }

/** Gives tests a real PostgreSQL and nats-server: `inject('postgresUrl')`, `inject('natsUrl')`. */
export const SERVERS = fileURLToPath(
  new URL('packages/testing/src/servers/servers-setup.ts', import.meta.url),
)

/** Puts the program into one file, which is started faster: `PROGRAM` of `@roomserver/testing`. */
export const PROGRAM = fileURLToPath(new URL('scripts/program-setup.ts', import.meta.url))

/** Where the tests of a package are. */
export const TEST_FILES = ['src/**/*.test.ts', 'test/**/*.test.ts']

/** How tests run that need the same servers and programs. */
export interface Project extends TestProjectInlineConfiguration {
  readonly test: Omit<NonNullable<TestProjectInlineConfiguration['test']>, 'globalSetup'> & {
    readonly globalSetup: string[]
  }
}

/**
 * What every package's tests share: sources instead of builds, one place for time limits and real servers.
 *
 * @param globalSetup - what runs once before them: real servers, programs
 */
export function project(root: string, ...globalSetup: string[]): Project {
  return {
    root,
    resolve: { conditions: ['@roomserver/source'] },
    ssr: {
      resolve: {
        conditions: ['@roomserver/source'],
        externalConditions: ['@roomserver/source'],
      },
    },
    test: {
      include: TEST_FILES,
      // Tests keep to themselves, and a worker for each file would cost more than most files take.
      isolate: false,
      ...RUNNING,
      testTimeout: 120_000,
      hookTimeout: 120_000,
      expect: POLLING,
      globalSetup,
      ...(globalSetup.length > 0 ? RETRYING : {}),
    },
  }
}
