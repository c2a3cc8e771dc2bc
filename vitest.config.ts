import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      'packages/*',
      'apps/*',
      { test: { name: 'workspace', include: ['test/**/*.test.ts'], isolate: false, testTimeout: 120_000 } },
    ],
    reporters: ['default', './scripts/closing-line-reporter.ts'],
  },
})
