import { expect, it } from 'vitest'
import { run } from './run.ts'
import { kindOf, shrink } from './shrink.ts'

it('takes problems with other names as the same', () => {
  expect(kindOf('s1: extremities of !r:s1 lacks [$a $b], has besides []')).toBe(
    kindOf('s2: extremities of !q lacks [], has besides [$c]'),
  )
})

it('leaves out all steps of a run that fails without them', async () => {
  const options = { seed: 3, steps: 8, servers: 2 }
  const fine = await run(options)
  expect(fine.problems).toEqual([])
  const shrunk = await shrink(options, { ...fine, problems: ['it never fails like this again'] })
  expect(shrunk.only).toHaveLength(8)
})
