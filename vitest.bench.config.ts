import { defineConfig } from 'vitest/config'

/** Benches run as Node runs the product: vitest's own module runner looks every import up anew, which costs a third. */
export default defineConfig({
  test: {
    experimental: { viteModuleRunner: false },
    execArgv: ['--conditions=@roomserver/source'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
})
