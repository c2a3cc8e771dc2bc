import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { decodeBase64, encodeBase64 } from '../json/base64.ts'
import * as node from './node.ts'
import * as web from './web.ts'

describe('SHA-256 without a platform', () => {
  it('agrees with the platform for every length around the block size', () => {
    for (let length = 0; length < 200; length++) {
      const message = Uint8Array.from({ length }, (_, i) => (i * 7 + length) % 256)
      expect(web.sha256Hex(message)).toBe(createHash('sha256').update(message).digest('hex'))
    }
  })

  it('agrees in all notations for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 500 }), (text) => {
        expect(web.sha256Base64(text)).toBe(node.sha256Base64(text))
        expect(web.sha256Base64Url(text)).toBe(node.sha256Base64Url(text))
        expect(web.sha256Hex(text)).toBe(node.sha256Hex(text))
      }),
    )
  })
})

describe('Ed25519 of Node and of WebCrypto', () => {
  const seed = Uint8Array.from({ length: 32 }, (_, i) => i)
  const message = new TextEncoder().encode('what is signed')

  it('sign alike, and each verifies what the other signed', async () => {
    const publicKey = await node.ed25519.publicKey(seed)
    expect(await web.ed25519.publicKey(seed)).toEqual(publicKey)
    const signature = await node.ed25519.sign(seed, message)
    expect(await web.ed25519.sign(seed, message)).toEqual(signature)
    for (const { ed25519 } of [node, web]) {
      expect(await ed25519.verify({ publicKey, signature, message })).toBe(true)
      expect(await ed25519.verify({ publicKey, signature, message: seed })).toBe(false)
    }
  })

  it.each([
    ['a short key', 31, 64],
    ['a short signature', 32, 63],
    ['nothing', 0, 0],
    ['a key that is not a point', 32, 64],
  ])('say no to %s', async (_what, keyLength, signatureLength) => {
    const check = {
      publicKey: new Uint8Array(keyLength).fill(255),
      signature: new Uint8Array(signatureLength),
      message,
    }
    expect(await node.ed25519.verify(check)).toBe(false)
    expect(await web.ed25519.verify(check)).toBe(false)
  })

  it('say no where WebCrypto cannot read a key, and fail where it has no Ed25519', async () => {
    const publicKey = await web.ed25519.publicKey(seed)
    const signature = await web.ed25519.sign(seed, message)
    for (const [name, outcome] of [
      ['DataError', false],
      ['NotSupportedError', 'PLATFORM_UNSUPPORTED'],
    ] as const) {
      const failing = vi.spyOn(crypto.subtle, 'importKey').mockRejectedValueOnce(new DOMException('no', name))
      const verdict = web.ed25519
        .verify({ publicKey, signature, message })
        .catch((e: { code: string }) => e.code)
      expect(await verdict).toBe(outcome)
      failing.mockRestore()
    }
    expect(await web.ed25519.verify({ publicKey, signature, message })).toBe(true)
  })

  it('forgets keys when there are many', async () => {
    for (let i = 0; i < 1_100; i++) {
      const publicKey = new Uint8Array(32).fill(i % 256)
      publicKey[1] = i >> 8
      expect(await node.ed25519.verify({ publicKey, signature: new Uint8Array(64).fill(7), message })).toBe(
        false,
      )
    }
  })
})

describe('base64', () => {
  it('decodes what it encodes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64').replace(/=+$/, ''))
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes)
        expect(decodeBase64(Buffer.from(bytes).toString('base64'))).toEqual(bytes)
        expect(decodeBase64(Buffer.from(bytes).toString('base64url'))).toEqual(bytes)
      }),
    )
  })

  it.each(['A', 'AAAAA', 'A A=', '-_+/', 'AA==AA', '=', '====', 'é'])('knows that %j is none', (text) => {
    expect(decodeBase64(text)?.length ?? 'none').toBe(/^=+$/.test(text) && text.length < 3 ? 0 : 'none')
  })

  it('is not what is full of padding', () => {
    expect(decodeBase64(`${'='.repeat(60_000)}x`)).toBeUndefined()
    expect(decodeBase64(`AA${'='.repeat(60_000)}`)).toBeUndefined()
  })
})
