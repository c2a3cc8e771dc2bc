import { expect, it } from 'vitest'
import { escaped, shortened } from './escaped.ts'

it.each([
  ['an ordinary name', 'Zoë Müller 漢字 👩‍👧', 'Zoë Müller 漢字 👩\\u{200d}👧'],
  ['the escape of terminals', '\u001b]0;owned\u0007', '\\u{1b}]0;owned\\u{7}'],
  ['an override of the direction', 'admin\u202etxt', 'admin\\u{202e}txt'],
  ['lines that are not there', 'a\r\nb\u2028c', 'a\\u{d}\\u{a}b\\u{2028}c'],
  ['blanks that cannot be told apart', 'a\u00a0b\u3164', 'a\\u{a0}b\\u{3164}'],
  ['half a character', 'a\ud800b', 'a\\u{d800}b'],
  ['what looks like an escape already', '\\u{7}', '\\\\u{7}'],
  ['marks piled up', 'e\u0301\u0301\u0301\u0301\u0301', 'e\u0301\u0301\u0301…'],
])('shows %s', (_what, text, shown) => {
  expect(escaped(text)).toBe(shown)
})

it('cuts between characters', () => {
  expect(shortened('123456', 6)).toBe('123456')
  expect(shortened('1234567', 6)).toBe('12345…')
  expect(shortened('12\u{1f600}456', 4)).toBe('12…')
})
