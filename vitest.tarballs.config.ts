import { defineConfig } from 'vitest/config'
import { useOwnTemporaryFolder } from './scripts/temporary-folder.ts'
import { RUNNING } from './vitest.shared.ts'

useOwnTemporaryFolder()

/** The packages as they are published, on every platform that they promise; `pnpm run tarballs`, after a build. */
export default defineConfig({
  test: { ...RUNNING, include: ['test/tarballs/*.test.ts'], testTimeout: 300_000, hookTimeout: 300_000 },
})
