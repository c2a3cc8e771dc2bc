import { type Suspendable, finish } from '@roomserver/types'
import type { z } from 'zod'
import { type MoreBytes, readBody } from './body-readers.ts'
import type { DecodeLimits } from './held-bytes.ts'
import { JsonReader } from './json-reader.ts'
import { SizeFault, SyntaxFault } from './syntax-fault.ts'
import { TypeFaults } from './type-faults.ts'

/** What became of a body: the value, or why it is none, in the words of Go's decoder. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false
      readonly message: string
      /** It goes beyond a bound of ours; Go's decoder would have gone on. */
      readonly isTooLarge?: true
    }

/**
 * Decodes a JSON body as Go does: unknown members are passed over, names match without regard to case, a missing
 * member and `null` are the zero value, bytes after the value are not looked at. Never throws, needs no stack for
 * depth, and takes time in proportion to the body. What it gives has the type of the schema.
 *
 * Differs from Go in that an integer beyond ±(2^53 − 1) is refused, and that an event of an unknown room version or
 * with members of wrong types is accepted here; the checks of events report what is wrong with it.
 *
 * @param schema - one made by this package
 * @param limits - on what comes of a body that somebody else has made; none where left out
 */
export function decode<T>(schema: z.ZodType<T>, body: Uint8Array, limits?: DecodeLimits): Decoded<T> {
  return finish(decodeFrom(schema, new JsonReader(body, true, limits)))
}

/** The same as a computation that yields, so that a body of many megabytes does not hold the event loop. */
export function decodeInSlices<T>(
  schema: z.ZodType<T>,
  body: Uint8Array,
): Suspendable<MoreBytes, Decoded<T>> {
  return decodeFrom(schema, new JsonReader(body))
}

/** The same for a text of which not all bytes need be at hand: asks for more where they end. */
export function* decodeFrom<T>(schema: z.ZodType<T>, input: JsonReader): Suspendable<MoreBytes, Decoded<T>> {
  const faults = new TypeFaults()
  try {
    const value = (yield* readBody(schema, input, faults)) as T
    return faults.first === undefined ? { ok: true, value } : { ok: false, message: faults.first }
  } catch (error) {
    if (error instanceof SizeFault) return { ok: false, message: error.message, isTooLarge: true }
    if (error instanceof SyntaxFault) return { ok: false, message: error.message }
    throw error
  }
}
