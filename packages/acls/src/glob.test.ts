import { describe, expect, it } from 'vitest'
import { compileGlob, globMatches } from './glob.ts'

/** Word for word what the two characters mean. */
function slow(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  if (pattern[0] === '*') return slow(pattern.slice(1), text) || (text !== '' && slow(pattern, text.slice(1)))
  return (
    text !== '' && (pattern[0] === '?' || pattern[0] === text[0]) && slow(pattern.slice(1), text.slice(1))
  )
}

describe('globMatches', () => {
  it('agrees with an obviously right (slow) matcher on every short input, compiled or not', () => {
    for (const pattern of words('ab*?', 4)) {
      const matches = compileGlob(pattern)
      for (const text of words('ab', 5)) {
        const expected = slow(pattern, text)
        expect(globMatches(pattern, text), `${pattern} ~ ${text}`).toBe(expected)
        expect(matches(text), `compiled ${pattern} ~ ${text}`).toBe(expected)
      }
    }
  })

  it('takes no character but two as special', () => {
    expect(globMatches('a.c', 'abc')).toBe(false)
    expect(globMatches('[ab]', 'a')).toBe(false)
    expect(globMatches('\\*', '\\anything')).toBe(true)
  })

  it('takes a character beyond 16 bits, and one with a longer lower case, for one', () => {
    for (const character of ['😀', 'İ', 'é', '\ud800']) {
      expect(globMatches('?', character), character).toBe(true)
      expect(globMatches('??', character), character).toBe(false)
      expect(globMatches('a?c*', `A${character}cd`), character).toBe(true)
      expect(compileGlob('@?:*')(`@${character}:a.test`.toLowerCase()), character).toBe(character !== 'İ')
    }
    expect(globMatches('@Ä😀*', '@ä😀:a.test')).toBe(true)
  })

  it('comes to an end on a pattern built to backtrack', () => {
    // Word for word there are more ways to match this than a computer can try.
    expect(globMatches(`${'*a'.repeat(100)}b`, 'a'.repeat(255))).toBe(false)
  })
})

function words(alphabet: string, maxLength: number): string[] {
  let last = ['']
  const all = ['']
  for (let n = 0; n < maxLength; n++) {
    last = last.flatMap((word) => alphabet.split('').map((letter) => word + letter))
    all.push(...last)
  }
  return all
}
