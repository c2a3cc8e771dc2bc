import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { type Checker, type CheckResult, CheckStatus } from '@stryker-mutator/api/check'
import type { Mutant } from '@stryker-mutator/api/core'
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin'
import { keyOf } from './mutants.ts'

/** Where the keys of the drawn changes are, as a JSON array. */
export const DRAWN_FILE = 'drawn.json'

/** Lets only those changes be tried that were drawn; Stryker itself tries all of a file. */
class SampleChecker implements Checker {
  readonly #drawn = new Set<unknown>()

  init(): Promise<void> {
    const keys: unknown = JSON.parse(readFileSync(DRAWN_FILE, 'utf8'))
    for (const key of Array.isArray(keys) ? keys : []) this.#drawn.add(key)
    return Promise.resolve()
  }

  check(mutants: Mutant[]): Promise<Record<string, CheckResult>> {
    const results = mutants.map((mutant): [string, CheckResult] => [
      mutant.id,
      this.#drawn.has(keyOf(relative(process.cwd(), mutant.fileName), mutant))
        ? { status: CheckStatus.Passed }
        : { status: CheckStatus.CompileError, reason: 'not drawn' },
    ])
    return Promise.resolve(Object.fromEntries(results))
  }

  group(mutants: Mutant[]): Promise<string[][]> {
    return Promise.resolve([mutants.map(({ id }) => id)])
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.Checker, 'sample', SampleChecker)]
