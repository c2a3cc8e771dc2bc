import type { Bytes } from '@roomserver/types'
const BASE64 = /^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}$/
const URL_SAFE = /[-_]/

/** Base64 without padding, as Matrix writes it. @see https://spec.matrix.org/v1.19/appendices/#unpadded-base64 */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return unpadded(btoa(binary))
}

/** The bytes of a base64 text, padded or not, in the usual or the URL-safe alphabet; undefined when it is none. */
export function decodeBase64(text: string): Bytes | undefined {
  const bare = unpadded(text)
  if (!BASE64.test(text) || bare.length % 4 === 1) return undefined
  return Uint8Array.from(atob(bare.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
}

/** Whether a text says the same bytes as a hash in unpadded base64: padding and the unused bits at its end are not looked at. */
export function isSameBase64(text: string, hash: string): boolean {
  if (text === hash) return true
  // In the URL-safe alphabet it is not base64 as the specification means it.
  const bytes = URL_SAFE.test(text) ? undefined : decodeBase64(text)
  return bytes !== undefined && encodeBase64(bytes) === hash
}

/** The text without the equals signs at its end; a regular expression would take quadratic time in a text full of them. */
function unpadded(text: string): string {
  let end = text.length
  while (text[end - 1] === '=') end--
  return text.slice(0, end)
}
