import { expect, it } from 'vitest'
import { isLongerThan, utf8Length } from './utf8.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text).length

const TEXTS = [
  '',
  'a',
  '\u007f',
  '\u0080',
  '\u07ff',
  '\u0800',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '\u{10ffff}',
  'größe',
  'x\u{1f600}y',
]

it.each(TEXTS)('counts the bytes of %j as an encoder does', (text) => {
  for (const repeated of [text, text.repeat(2), text.repeat(85), text.repeat(1_000)]) {
    const bytes = bytesOf(repeated)
    expect(utf8Length(repeated)).toBe(bytes)
    for (const limit of [0, bytes - 1, bytes, bytes + 1, 3 * repeated.length])
      expect(isLongerThan(repeated, limit), `limit ${limit}`).toBe(bytes > limit)
  }
})
