import { describe, expect, it } from 'vitest'
import { visiblePieces, visibleText } from './visible-text.ts'

describe('visibleText', () => {
  it.each([
    ['an ordinary name', 'Zoë 東京 🎉', 'Zoë 東京 🎉'],
    ['a name that turns the text around', '@\u202ebob:a', '@\\u{202e}bob:a'],
    ['isolates and marks', '\u2066a\u2069\u200e', '\\u{2066}a\\u{2069}\\u{200e}'],
    ['controls and escapes of terminals', 'a\u001b[31m\u0000\u0085', 'a\\u{1b}[31m\\0\\u{85}'],
    ['nothing that is there', 'al\u200bice\u2060', 'al\\u{200b}ice\\u{2060}'],
    ['blanks that are letters', '\u3164\u2800', '\\u{3164}\\u{2800}'],
    ['other blanks', 'a\u00a0b\u3000c', 'a\\u{a0}b\\u{3000}c'],
    ['lines', 'a\nb\u2028c', 'a\\nb\\u{2028}c'],
    ['half a character', 'a\ud800b', 'a\\u{d800}b'],
    ['tags', 'a\u{e0041}', 'a\\u{e0041}'],
    ['accents', 'e\u0301', 'e\u0301'],
    ['towers of marks', `e${'\u0301'.repeat(50)}`, `e${'\u0301'.repeat(3)}…`],
  ])('shows %s', (_what, text, shown) => expect(visibleText(text)).toBe(shown))

  it('keeps the lines of blocks', () => {
    expect(visiblePieces('{\n\t1\r}', true).map(({ text }) => text)).toEqual(['{\n\t1', '\\r', '}'])
  })

  it('marks what it wrote out, so that nobody takes it for the text', () => {
    expect(visiblePieces('\\u{202e}\u202e')).toEqual([
      { text: '\\u{202e}', isEscaped: false },
      { text: '\\u{202e}', isEscaped: true },
    ])
  })
})
