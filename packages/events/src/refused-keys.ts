import { decodeBase64, encodeBase64 } from './json/base64.ts'

/**
 * Public keys whose private half everybody can know: what they sign proves nothing. Unpadded base64, with the reason.
 */
const REFUSED_KEYS: ReadonlyMap<string, string> = new Map([
  [
    'l/O9hxMVKB6Lg+3Hqf0FQQZhVESQcMzbPN1Cz2nM3og',
    'its private half comes from a random generator with a fixed seed (ELEMENTSEC-2025-1670)',
  ],
])

/**
 * Why a server's public key is never believed; `undefined` for one that nothing is known against.
 *
 * @param publicKey - base64, in any of the ways to write it
 */
export function refusedKeyReason(publicKey: string): string | undefined {
  const bytes = decodeBase64(publicKey)
  return bytes === undefined ? undefined : REFUSED_KEYS.get(encodeBase64(bytes))
}
