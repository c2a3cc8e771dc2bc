import { verifyEd25519 } from '#ed25519'
import { ed25519 } from '@roomserver/events'
import { describe, expect, it } from 'vitest'
import { ED25519_EDGES, EDGE_MESSAGE } from '../../../test/ed25519-edges.ts'
import { verifyEd25519 as portable } from './portable.ts'

const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

describe.each([
  ["the platform's", verifyEd25519],
  ['the portable', portable],
])('%s verification', (_whose, verify) => {
  it.each([
    [
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
  ])('takes the example %s of RFC 8032, 7.1', (key, message, signature) => {
    expect(verify(hex(key), hex(message), hex(signature))).toBe(true)
    expect(verify(hex(key), hex(`${message}00`), hex(signature))).toBe(false)
  })

  it('agrees with that of events, on good signatures and on ones with a bit turned', async () => {
    for (let i = 0; i < 12; i++) {
      const seed = Uint8Array.from({ length: 32 }, (_, at) => (at * 7 + i * 13) % 256)
      const message = Uint8Array.from({ length: i * 23 }, (_, at) => (at * i) % 256)
      const publicKey = await ed25519.publicKey(seed)
      const signature = await ed25519.sign(seed, message)
      expect(verify(publicKey, message, signature), `good ${i}`).toBe(true)
      const at = (i * 11) % 64
      signature[at] = (signature[at] ?? 0) ^ (1 << (i % 8))
      const theirs = await ed25519.verify({ publicKey, message, signature })
      expect(verify(publicKey, message, signature), `turned ${i}`).toBe(theirs)
    }
  })

  it.each([
    ['a short key', new Uint8Array(31), new Uint8Array(64)],
    ['a short signature', new Uint8Array(32), new Uint8Array(63)],
    ['a key that is not a point', new Uint8Array(32).fill(0xff), new Uint8Array(64)],
    ['a scalar beyond the order', new Uint8Array(32), new Uint8Array(64).fill(0xff)],
  ])('says no to %s', (_what, key, signature) => {
    expect(verify(key, new Uint8Array(), signature)).toBe(false)
  })
})

// An invite that one server takes and another refuses splits the room, so no platform may have a mind of its own.
it.each(ED25519_EDGES)('gives the same answer on every platform about $name', async (edge) => {
  const [publicKey, signature] = [hex(edge.publicKey), hex(edge.signature)]
  const message = new TextEncoder().encode(EDGE_MESSAGE)
  expect(verifyEd25519(publicKey, message, signature), 'the platform, in invites').toBe(edge.valid)
  expect(portable(publicKey, message, signature), 'portable, in invites').toBe(edge.valid)
  expect(await ed25519.verify({ publicKey, signature, message }), 'of events').toBe(edge.valid)
})
