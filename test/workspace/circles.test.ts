import { expect, it } from 'vitest'
import { circlesIn, importGraph } from './circles.ts'
import { filesBelow } from './packages.ts'

const SOURCES = ['packages', 'apps']
  .flatMap((folder) => filesBelow(folder, ['.ts']))
  .filter((path) => /^[^/]+\/[^/]+\/src\//.test(path))

/** Where circles are left: the schema lists the rows of all tables, and the schema types their queries, as Kysely is used. */
const LEFT = ['packages/storage/src/']
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
