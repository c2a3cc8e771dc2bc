import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBlock, encodeBlock } from './block-codec.ts'

const nid = fc.integer({ min: 0, max: 2 ** 40 })

/** Entries sorted by (type, state key), each pair once. */
const entries = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 9 }), nid, nid), { selector: ([t, k]) => `${t} ${k}` })
  .map((list) => list.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]))
  .map((list) => Float64Array.from(list.flat()))

describe('state blocks', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(entries, (block) => {
        expect(decodeBlock(encodeBlock(block))).toEqual(block)
      }),
    )
  })

  it('need few bytes an entry for the members of a room', () => {
    const members = Array.from({ length: 1_000 }, (_, at) => [5, 66_000 + at, 80_000 + at * 3]).flat()
    expect(encodeBlock(Float64Array.from(members)).length).toBeLessThan(3_100)
  })
})
