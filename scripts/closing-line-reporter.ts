import type { Reporter, TestModule } from 'vitest/node'

/** How much of an error is shown. */
const LONGEST = 2_000

/**
 * Ends a run with the one line that people and CI look for: `N passed, N failed`. Before it stand the tests that passed only when
 * they were tried again, and why they failed before.
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
          unsteady.push(
            `${module.project.name} ${module.relativeModuleId}: ${test.fullName}`,
            ...(test.result().errors ?? []).map(({ message }) => `  ${message.slice(0, LONGEST)}`),
          )
      }
    }
    if (unsteady.length > 0) console.log(['passed only when they were tried again:', ...unsteady].join('\n'))
    process.on('exit', () => console.log(`${passed} passed, ${failed} failed`))
  }
}
