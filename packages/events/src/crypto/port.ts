/** A signature check: is `signature` of `message` by the holder of `publicKey`? All raw bytes (64, any number, 32). */
export interface SignatureCheck {
  readonly publicKey: Uint8Array<ArrayBuffer>
  readonly signature: Uint8Array<ArrayBuffer>
  readonly message: Uint8Array<ArrayBuffer>
}

/** Ed25519 as the platform has it (RFC 8032). Keys and signatures that are no such thing verify as false. */
export interface Ed25519 {
  /** Runs beside the event loop where the platform can, so that many checks at once use several cores. */
  verify(check: SignatureCheck): Promise<boolean>
  /** @param seed - the private key, 32 bytes */
  sign(seed: Uint8Array<ArrayBuffer>, message: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>
  /** @param seed - the private key, 32 bytes */
  publicKey(seed: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>
}

/** What precedes the 32 bytes of a private key in PKCS #8. */
export const PKCS8_PREFIX = Uint8Array.of(
  ...[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20],
)

/** What precedes the 32 bytes of a public key in SubjectPublicKeyInfo. */
export const SPKI_PREFIX = Uint8Array.of(
  ...[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00],
)

/** The two in one. */
export function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}
