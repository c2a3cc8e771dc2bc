import { expect, it } from 'vitest'
import { NewStateKeyHeuristic } from './new-state-key-heuristic.ts'

it('takes names for new when sixteen in a row were, until one is not', () => {
  const names = new NewStateKeyHeuristic()
  for (let i = 0; i < 15; i++) names.looked(true)
  expect(names.areLikely).toBe(false)
  names.looked(true)
  expect(names.areLikely).toBe(true)
  names.wereWrong()
  expect(names.areLikely).toBe(false)
  for (let i = 0; i < 15; i++) names.looked(true)
  names.looked(false)
  names.looked(true)
  expect(names.areLikely).toBe(false)
})
