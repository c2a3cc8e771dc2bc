import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with the one line that people and CI look for: `N passed, N failed`. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0
    let failed = errors.length
    for (const module of modules) {
      if (module.children.size === 0 && module.state() === 'failed') failed++
      for (const test of module.children.allTests()) {
        if (test.result().state === 'passed') passed++
        if (test.result().state === 'failed') failed++
      }
    }
    process.on('exit', () => console.log(`${passed} passed, ${failed} failed`))
  }
}
