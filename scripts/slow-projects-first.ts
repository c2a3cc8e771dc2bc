import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Projects with files that take long, those with the longest first. */
const SLOW = [
  '@roomserver/app',
  '@roomserver/conformance',
  '@roomserver/simulation',
  '@roomserver/inspector',
  'workspace',
]

/** Begins with the projects that have long files, so that the short ones of the others fill all workers at the end. */
export default class SlowProjectsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((one, other) => rankOf(one) - rankOf(other))
  }
}

function rankOf({ project }: TestSpecification): number {
  const place = SLOW.indexOf(project.name)
  return place < 0 ? SLOW.length : place
}
