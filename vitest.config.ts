import { defineConfig } from 'vitest/config'
import { useOwnTemporaryFolder } from './scripts/temporary-folder.ts'
import SlowProjectsFirst from './scripts/slow-projects-first.ts'
import { chromium } from './vitest.chromium.ts'
import { MAX_WORKERS, POLLING, RUNNING } from './vitest.shared.ts'

useOwnTemporaryFolder()

export default defineConfig({
  test: {
    maxWorkers: MAX_WORKERS,
    sequence: { sequencer: SlowProjectsFirst },
    projects: [
      'packages/*',
      'apps/*',
      chromium,
      {
        test: {
          name: 'workspace',
          include: ['test/**/*.test.ts'],
          exclude: ['test/tarballs/**'],
          isolate: false,
          ...RUNNING,
          testTimeout: 120_000,
          expect: POLLING,
        },
      },
    ],
    reporters: ['default', './scripts/closing-line-reporter.ts'],
  },
})
