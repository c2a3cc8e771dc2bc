import { fileURLToPath } from 'node:url'
import { defineProject, type UserWorkspaceConfig } from 'vitest/config'
import type {} from './packages/testing/src/servers/provided.ts'

const SERVERS = fileURLToPath(new URL('packages/testing/src/servers/global-setup.ts', import.meta.url))

/**
 * What every package's tests share: sources instead of builds, one place for time limits and real servers.
 *
 * @param servers - gives the tests a real PostgreSQL and nats-server: `inject('postgresUrl')`, `inject('natsUrl')`
 */
export function project(root: string, { servers = false } = {}): UserWorkspaceConfig {
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
      // Tests keep to themselves, and a worker for each file would cost more than most files take.
      isolate: false,
      testTimeout: 60_000,
      hookTimeout: 60_000,
      ...(servers ? { globalSetup: SERVERS } : {}),
    },
  })
}
