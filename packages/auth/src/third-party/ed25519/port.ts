/**
 * Verifies an Ed25519 signature at once, for the rare signature inside an event. The answer is the same on every platform:
 * `isStrictSignature` says what is refused everywhere, and for the rest [S]B = R + [k]A decides, without the cofactor.
 */
export type VerifyEd25519 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean
