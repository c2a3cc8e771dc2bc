import { defineConfig } from 'vitest/config'
import { useOwnTemporaryFolder } from './scripts/temporary-folder.ts'
import { chromium } from './vitest.chromium.ts'

useOwnTemporaryFolder()

export default defineConfig({
  test: {
    projects: [
      'packages/*',
      'apps/*',
      chromium,
      { test: { name: 'workspace', include: ['test/**/*.test.ts'], isolate: false, testTimeout: 120_000 } },
    ],
    reporters: ['default', './scripts/closing-line-reporter.ts'],
  },
})
