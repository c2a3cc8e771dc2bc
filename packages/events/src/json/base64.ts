const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/** Base64 without padding, as Matrix writes it. @see https://spec.matrix.org/v1.16/appendices/#unpadded-base64 */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replace(/=+$/, '')
}

/** The bytes of a base64 text, padded or not; undefined when it is none (the URL-safe alphabet is another encoding). */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!BASE64.test(text)) return undefined
  // Only now: looking for the padding takes quadratic time in a text full of it.
  const bare = text.replace(/=+$/, '')
  if (bare.length % 4 === 1) return undefined
  return Uint8Array.from(atob(bare), (c) => c.charCodeAt(0))
}
