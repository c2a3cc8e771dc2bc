import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Runs the test files that take long after the others: a change is given up with the first test that notices it. */
export class ShortestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toReversed()
  }
}
