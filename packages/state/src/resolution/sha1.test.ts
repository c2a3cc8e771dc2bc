import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sha1Hex } from './sha1.ts'

it('is SHA-1', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      expect(sha1Hex(text)).toBe(createHash('sha1').update(text).digest('hex'))
    }),
  )
})

it('fills its blocks rightly around their ends', () => {
  for (let length = 50; length < 140; length++) {
    const text = 'a'.repeat(length)
    expect(sha1Hex(text)).toBe(createHash('sha1').update(text).digest('hex'))
  }
})
