import { expect, it } from 'vitest'
import { RequestsUnderWay } from './requests-under-way.ts'

const KIB = 1024

it('makes little of each answer where there are many, so that all together stay within bounds', () => {
  const underWay = new RequestsUnderWay()
  const sizes = new Map<number, number>()
  for (let count = 0; count <= 2_000; count++) {
    sizes.set(count, underWay.batchBytes / KIB)
    underWay.begin()
  }
  expect([0, 1, 64, 128, 1_024, 2_000].map((count) => sizes.get(count))).toEqual([512, 512, 512, 256, 32, 32])
  for (let count = 0; count < 1_937; count++) underWay.end()
  expect(underWay.batchBytes).toBe(512 * KIB)
})
