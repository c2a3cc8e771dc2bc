import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { playwright } from '@vitest/browser-playwright'
import type { TestProjectInlineConfiguration } from 'vitest/config'
import {
  CHROMIUM_ARGS,
  CHROMIUM_PLACES,
  DEBIAN_CHROMIUM,
} from './packages/testing/src/browser/chromium-options.ts'
import { MAX_WORKERS } from './vitest.shared.ts'

/** Node's own crypto is not for browsers, and has tests of its own. */
const NODE_ONLY = ['packages/events/src/crypto/crypto.test.ts', 'packages/state/src/resolution/sha1.test.ts']

/** The unit tests of the packages that run in browsers, once more in Chromium. */
export const chromium: TestProjectInlineConfiguration = {
  // Loading `vitest.config.ts` once more would make another temporary folder.
  extends: false,
  resolve: { conditions: ['@roomserver/source'] },
  test: {
    name: 'chromium',
    maxWorkers: MAX_WORKERS,
    // A frame for each file would load everything anew.
    isolate: false,
    include: ['packages/{types,version,events,auth,acls,state,inspect}/src/**/*.test.ts'],
    exclude: NODE_ONLY,
    globalSetup: fileURLToPath(new URL('packages/testing/src/browser/chromium-setup.ts', import.meta.url)),
    testTimeout: 120_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          executablePath: CHROMIUM_PLACES.find((place) => existsSync(place)) ?? DEBIAN_CHROMIUM,
          args: CHROMIUM_ARGS,
        },
      }),
      instances: [{ browser: 'chromium' }],
    },
  },
}
