import type { Strictness } from './numbers.ts'
import { readCanonical } from './reader.ts'

/** The canonical form of a JSON text, or why it has none. */
export type CanonicalVerdict =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string }

/**
 * Brings a JSON text into canonical form: keys sorted by code point, no blanks, the shortest escapes. Of equal keys
 * the last one counts. Numbers are never turned into floating point on the way: in lenient texts an integer of any
 * size, and a fraction as it was written, come out as they went in (`-0` becomes `0`).
 *
 * Never throws, takes time linear in the text (but for sorting keys) and refuses what nests deeper than 1,000.
 *
 * @see https://spec.matrix.org/v1.19/appendices/#canonical-json
 */
export function canonicalizeJson(text: string, strictness: Strictness = 'strict'): CanonicalVerdict {
  const read = readCanonical(text, strictness)
  return read.ok ? { ok: true, text: read.text } : read
}
