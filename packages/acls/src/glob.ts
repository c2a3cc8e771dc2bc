/**
 * Tells whether `text` matches a Matrix glob (`*` any run, `?` any one character), ignoring case.
 *
 * The pattern was written by a remote user, so it never becomes a RegExp: this walk backtracks only to the latest `*`
 * and costs at most |pattern| × |text| steps.
 *
 * @see https://spec.matrix.org/v1.19/appendices/#glob-style-matching
 * @example
 * ```ts
 * import { globMatches } from '@roomserver/acls'
 *
 * console.log(globMatches('*.example.org', 'matrix.example.org'))
 * ```
 */
export function globMatches(pattern: string, text: string): boolean {
  return walk(characters(pattern), characters(text))
}

/**
 * A glob that is matched more than once.
 *
 * @returns the test; `text` must be in lower case
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  const lower = pattern.toLowerCase()
  if (lower === '*') return () => true
  if (!lower.includes('*') && !lower.includes('?')) return (text) => text === lower
  const glob = characters(lower)
  return (text) => walk(glob, characters(text))
}

/** What `?` stands for one of: of a text of ASCII only, which server names are, these are its code units. */
type Characters = ArrayLike<string>

const ASCII = /^[\0-\x7f]*$/

/** The characters of a text, each in lower case; that may have more code points than the character. */
function characters(text: string): Characters {
  return ASCII.test(text) ? text.toLowerCase() : Array.from(text, (character) => character.toLowerCase())
}

function walk(pattern: Characters, text: Characters): boolean {
  let at = 0
  let star = -1
  let resume = 0
  for (let i = 0; i < text.length; ) {
    if (pattern[at] === '*') {
      star = at++
      resume = i
    } else if (pattern[at] === '?' || pattern[at] === text[i]) {
      at++
      i++
    } else if (star >= 0) {
      at = star + 1
      i = ++resume
    } else {
      return false
    }
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}
