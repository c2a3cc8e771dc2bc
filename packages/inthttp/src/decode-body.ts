import { setImmediate } from 'node:timers/promises'
import { type Decoded, decode, decodeInSlices } from '@roomserver/api'
import { drive } from '@roomserver/types'

/** A body that is decoded in no time. */
const SHORT_BYTES = 256 * 1024

/** Decodes a body; a long one in slices, between which others get their turn. */
export async function decodeBody<T>(
  schema: Parameters<typeof decode<T>>[0],
  body: Uint8Array,
): Promise<Decoded<T>> {
  if (body.length <= SHORT_BYTES) return decode(schema, body)
  return drive(decodeInSlices(schema, body), nothingToLoad, () => setImmediate())
}

async function nothingToLoad(): Promise<void> {}
