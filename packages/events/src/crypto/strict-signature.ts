const COORDINATE_BYTES = 32

/** The order of the base point, little-endian; and the prime of the field. */
const ORDER = fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010')
const PRIME = fromHex('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f')

/** The y coordinates of the eight points whose order divides the cofactor; points that differ in sign share one. */
const SMALL_ORDER_Y = [
  fromHex('0000000000000000000000000000000000000000000000000000000000000000'),
  fromHex('0100000000000000000000000000000000000000000000000000000000000000'),
  fromHex('ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'),
  fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
  fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
]

/**
 * Whether all platforms give the same result for a key and a signature: the key and R are written in the one canonical
 * way and are not points of small order, and S is below the order of the base point. What is not verifies as false. It is
 * what `node:crypto`, WebCrypto and libsodium ask for; for all else RFC 8032 leaves open whether an implementation does.
 *
 * @param publicKey - 32 bytes
 * @param signature - 64 bytes: R, then S
 * @see https://www.rfc-editor.org/rfc/rfc8032#section-5.1.7
 */
export function isStrictSignature(publicKey: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== COORDINATE_BYTES || signature.length !== 2 * COORDINATE_BYTES) return false
  const s = signature.subarray(COORDINATE_BYTES)
  return (
    isStrictPoint(publicKey) && isStrictPoint(signature.subarray(0, COORDINATE_BYTES)) && isBelow(s, ORDER)
  )
}

function isStrictPoint(bytes: Uint8Array): boolean {
  const y = bytes.slice()
  // The highest bit is the sign of x.
  y[COORDINATE_BYTES - 1] = (y[COORDINATE_BYTES - 1] ?? 0) & 0x7f
  return isBelow(y, PRIME) && !SMALL_ORDER_Y.some((small) => small.every((byte, index) => byte === y[index]))
}

function isBelow(value: Uint8Array, limit: Uint8Array): boolean {
  for (let index = COORDINATE_BYTES - 1; index >= 0; index--) {
    const [own = 0, other = 0] = [value[index], limit[index]]
    if (own !== other) return own < other
  }
  return false
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
}
