import { defineProject, type UserWorkspaceConfig } from 'vitest/config'

/** What every package's tests share: sources instead of builds, one place for time limits and real servers. */
export function project(root: string): UserWorkspaceConfig {
  return defineProject({
    root,
    resolve: { conditions: ['@roomserver/source'] },
    ssr: {
      resolve: {
        conditions: ['@roomserver/source'],
        externalConditions: ['@roomserver/source'],
      },
    },
    test: {
      include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
      testTimeout: 60_000,
      hookTimeout: 60_000,
    },
  })
}
