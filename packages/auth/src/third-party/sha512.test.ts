import { expect, it } from 'vitest'
import { sha512 } from './sha512.ts'

it.each([0, 1, 3, 110, 111, 112, 113, 127, 128, 129, 300])(
  'digests %i bytes as the platform does',
  async (length) => {
    const message = Uint8Array.from({ length }, (_, i) => (i * 31 + length) % 256)
    expect(sha512(message)).toEqual(new Uint8Array(await crypto.subtle.digest('SHA-512', message)))
  },
)
