import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Where files take long, the longest first. */
const SLOW = [
  'apps/roomserver/test/operations-page.test.ts',
  'apps/roomserver/',
  'packages/simulation/',
  'packages/conformance/',
  'apps/inspector/',
  'test/',
]

/**
 * Begins with the files that take long, so that short ones fill all workers at the end. The files of a project stay
 * together: its workers end where files of another project follow.
 */
export default class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const projects = Map.groupBy(await super.sort(files), ({ project }) => project)
    return [...projects.values()]
      .map((ofProject) => ofProject.toSorted((one, other) => this.#rank(one) - this.#rank(other)))
      .toSorted(([one], [other]) => this.#rank(one) - this.#rank(other))
      .flat()
  }

  #rank(file: TestSpecification | undefined): number {
    const place = SLOW.findIndex((start) => file !== undefined && this.#pathOf(file).startsWith(start))
    return place < 0 ? SLOW.length : place
  }

  #pathOf({ moduleId }: TestSpecification): string {
    return relative(this.ctx.config.root, moduleId)
  }
}
