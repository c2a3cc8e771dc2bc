import { expect, it } from 'vitest'
import { circlesIn, importGraph } from './circles.ts'
import { filesBelow } from './packages.ts'

const SOURCES = ['packages', 'apps']
  .flatMap((folder) => filesBelow(folder, ['.ts']))
  .filter((path) => /^[^/]+\/[^/]+\/src\//.test(path))

/**
 * Where circles are left: `storage`, whose schema lists the rows of all tables while the queries of each are typed by the
 * schema, as Kysely is used; and folders whose layers are not cut yet.
 */
const LEFT = [
  'packages/storage/src/',
  'packages/core/src/decide/',
  'packages/core/src/input/',
  'packages/core/src/missing-events/',
  'packages/core/src/operator-repair/',
  'packages/core/src/reevaluate/',
  'packages/core/src/view/',
  'packages/simulation/src/simulate/',
]
const isLeft = (path: string): boolean => LEFT.some((folder) => path.startsWith(folder))

it('finds circles, and nothing that is none', () => {
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', ['a']],
    ['d', ['e']],
    ['e', []],
  ])
  expect(circlesIn(graph)).toEqual([['a', 'b', 'c']])
})

it('imports files without circles, types included', () => {
  const circles = circlesIn(importGraph(SOURCES)).filter((circle) => !circle.every(isLeft))
  expect(circles).toEqual([])
})
