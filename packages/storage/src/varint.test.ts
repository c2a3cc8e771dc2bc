import { isFailure } from '@roomserver/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeList, encodeList, VarintReader, VarintWriter } from './varint.ts'

describe('lists of numbers', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.array(fc.maxSafeNat()), (values) => {
        expect(decodeList(encodeList(values))).toEqual(values)
      }),
    )
  })

  it.each([
    ['nothing', [], 0],
    ['small numbers, a byte each', [0, 1, 127], 3],
    ['the first NIDs, three bytes each', [65_536, 70_000], 6],
    ['the greatest, eight bytes', [Number.MAX_SAFE_INTEGER], 8],
  ])('%s', (_what, values, bytes) => {
    expect(encodeList(values)).toHaveLength(bytes)
    expect(decodeList(encodeList(values))).toEqual(values)
  })

  it('take numbers of either sign where they are asked to', () => {
    const values = [0, 1, -1, 64, -64, 2 ** 51, -(2 ** 51)]
    const writer = new VarintWriter()
    for (const value of values) writer.writeSigned(value)
    const reader = new VarintReader(writer.bytes())
    expect(values.map(() => reader.readSigned())).toEqual(values)
    expect(reader.done).toBe(true)
  })

  it.each([
    ['ends in the middle of a number', [0x80]],
    ['holds a number that is too large', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['never ends', Array.from({ length: 2_000 }, () => 0x80)],
  ])('say that the database is damaged when one %s', (_what, bytes) => {
    const error = (() => {
      try {
        return decodeList(Uint8Array.from(bytes))
      } catch (thrown) {
        return thrown
      }
    })()
    expect(isFailure(error, 'STORE_DAMAGED')).toBe(true)
  })
})
