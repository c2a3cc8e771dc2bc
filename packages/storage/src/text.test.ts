import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { storable, stored } from './text.ts'

/** Any sequence of UTF-16 units, with those that matter more often. */
const text = fc
  .array(fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 0x1b, 0x30, 0xd800, 0xdc00)))
  .map((units) => String.fromCharCode(...units))

describe('storable text', () => {
  it('is well formed, has no U+0000, and comes back as it was', () => {
    fc.assert(
      fc.property(text, (original) => {
        const form = storable(original)
        expect(form.isWellFormed()).toBe(true)
        expect(form).not.toContain('\u0000')
        expect(stored(form)).toBe(original)
      }),
    )
  })

  it.each(['', '@user:example.org', '💬 \t\n'])('%j is stored as it is', (ordinary) => {
    expect(storable(ordinary)).toBe(ordinary)
  })
})
