/** Bytes as lower-case hex digits. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** The bytes that hex digits stand for. */
export function fromHex(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex')
}
