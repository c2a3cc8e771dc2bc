import fc from 'fast-check'
import { expect, it } from 'vitest'
import { expanded } from '../snapshot/runs.ts'
import { stateEntries, type StateMap, stateMap } from '../state-map.ts'
import { differences } from './split.ts'

const letter = (letters: string) => fc.constantFrom(...letters.split(''))
const state = fc
  .array(fc.tuple(letter('xy'), letter('abcde'), letter('123')), { maxLength: 12 })
  .map(stateMap)

/** The obviously right twin: every entry that is anywhere, looked up in every set. */
function slow(sets: readonly StateMap[]): Map<string, readonly (string | undefined)[]> {
  const names = new Set(sets.flatMap((set) => Array.from(stateEntries(set), ([type, key]) => type + key)))
  const found = new Map<string, readonly (string | undefined)[]>()
  for (const name of names) {
    const events = sets.map((set) => set.get(name.charAt(0))?.get(name.charAt(1)))
    if (new Set(events).size > 1) found.set(name, events)
  }
  return found
}

const found = (sets: readonly StateMap[]) =>
  new Map(differences(sets).map((one) => [one.type + one.stateKey, expanded(one.events)]))

it('finds what the slow twin finds, in whatever order the sets have their keys', () => {
  fc.assert(
    fc.property(fc.array(state, { maxLength: 5 }), (sets) => {
      expect(found(sets)).toEqual(slow(sets))
    }),
    { numRuns: 1_000 },
  )
})

it('sees an entry that a set lacks though it has another one in its place', () => {
  const sets = [
    stateMap([
      ['x', 'a', '1'],
      ['x', 'b', '1'],
    ]),
    stateMap([
      ['x', 'a', '1'],
      ['x', 'c', '1'],
    ]),
  ]
  expect(found(sets)).toEqual(
    new Map([
      ['xb', ['1', undefined]],
      ['xc', [undefined, '1']],
    ]),
  )
})

it('says an entry of many sets in as few runs as it has values side by side', () => {
  const one = stateMap([['x', 'a', '1']])
  const two = stateMap([['x', 'a', '2']])
  const [difference] = differences([one, one, two, two, one, new Map()])
  expect(difference?.events).toEqual([
    { to: 2, value: '1' },
    { to: 4, value: '2' },
    { to: 5, value: '1' },
    { to: 6, value: undefined },
  ])
})

it('does not look at a type whose map all sets share', () => {
  const keys = new Map([['a', '1']])
  const shared = new Proxy(keys, {
    get: () => {
      throw new Error('looked at')
    },
  })
  const sets = ['1', '2'].map((event) => new Map([['x', shared], ...stateMap([['y', 'a', event]])]))
  expect(differences(sets).map(({ type }) => type)).toEqual(['y'])
})
