import type { Bytes } from '@roomserver/types'
/** A signature check: is `signature` of `message` by the holder of `publicKey`? All raw bytes (64, any number, 32). */
export interface SignatureCheck {
  readonly publicKey: Bytes
  readonly signature: Bytes
  readonly message: Bytes
}

/**
 * Ed25519 as the platform has it (RFC 8032). Malformed keys and signatures verify as false, and so do those
 * that platforms verify differently, see `isStrictSignature`. A platform without Ed25519 is a failure with the code
 * PLATFORM_UNSUPPORTED, and never a signature that is wrong.
 */
export interface Ed25519 {
  /** Runs beside the event loop where the platform can, so that many checks at once use several cores. */
  verify(check: SignatureCheck): Promise<boolean>
  /** @param seed - the private key, 32 bytes */
  sign(seed: Bytes, message: Bytes): Promise<Bytes>
  /** @param seed - the private key, 32 bytes */
  publicKey(seed: Bytes): Promise<Bytes>
}

/** What precedes the 32 bytes of a private key in PKCS #8. */
export const PKCS8_PREFIX: Uint8Array = fromHex('302e020100300506032b657004220420')

/** What precedes the 32 bytes of a public key in SubjectPublicKeyInfo. */
export const SPKI_PREFIX: Uint8Array = fromHex('302a300506032b6570032100')

/** The two in one. */
export function joined(a: Uint8Array, b: Uint8Array): Bytes {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

/** Bytes written in hex. */
export function fromHex(hex: string): Bytes {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
}
