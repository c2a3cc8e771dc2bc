import { expect, it } from 'vitest'
import { SharedState } from './shared-state.ts'

it('gives another state for each change, and leaves those before it as they are', () => {
  const states = [new SharedState<number>()]
  for (let value = 1; value <= 250; value++) {
    const last = states.at(-1) ?? new SharedState<number>()
    states.push(last.with(`key ${value % 200}`, value))
  }
  expect(states[250]?.get('key 50')).toBe(250)
  expect(states[249]?.get('key 50')).toBe(50)
  expect(states[49]?.get('key 50')).toBeUndefined()
  expect(states[250]?.get('key 51')).toBe(51)
})

it('puts the states of two branches together, of which the second counts', () => {
  const fork = new SharedState<number>().with('both', 1).with('fork', 1)
  const one = fork.with('both', 2).with('one', 2)
  const other = fork.with('both', 3).with('other', 3)
  const merged = one.and(other)
  expect(['both', 'fork', 'one', 'other'].map((key) => merged.get(key))).toEqual([3, 1, 2, 3])
})
