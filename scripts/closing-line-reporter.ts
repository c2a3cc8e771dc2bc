import type { Reporter, TestModule } from 'vitest/node'

/**
 * Ends a run with the one line that people and CI look for: `N passed, N failed`. Before it stand the tests that passed only when
 * they were tried again.
 */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0
    let failed = errors.length
    const unsteady: string[] = []
    for (const module of modules) {
      if (module.children.size === 0 && module.state() === 'failed') failed++
      for (const test of module.children.allTests()) {
        if (test.result().state === 'passed') passed++
        if (test.result().state === 'failed') failed++
        if (test.diagnostic()?.flaky === true)
          unsteady.push(`${module.project.name} ${module.relativeModuleId}: ${test.fullName}`)
      }
    }
    for (const name of unsteady) console.log(`passed only when it was tried again: ${name}`)
    process.on('exit', () => console.log(`${passed} passed, ${failed} failed`))
  }
}
