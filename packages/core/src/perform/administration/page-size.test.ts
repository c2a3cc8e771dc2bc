import { expect, it } from 'vitest'
import { pageSize } from './page-size.ts'

it.each([
  [-1, 100],
  [0, 100],
  [1, 1],
  [1_000, 1_000],
  [1_001, 1_000],
])('gives for a limit of %i pages of %i items', (limit, size) => {
  expect(pageSize(limit)).toBe(size)
})
