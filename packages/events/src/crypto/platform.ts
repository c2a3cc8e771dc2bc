import { RoomserverError } from '@roomserver/types'
import { fromHex, type SignatureCheck } from './port.ts'

/** The first example of RFC 8032, 7.1: a platform that does not find it good has no Ed25519. */
export const ED25519_EXAMPLE: SignatureCheck = {
  publicKey: fromHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
  message: new Uint8Array(),
  signature: fromHex(
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ),
}

/** The failure of whatever needs Ed25519 on a platform without it. */
export function withoutEd25519(reason: string, cause?: unknown): RoomserverError<'PLATFORM_UNSUPPORTED'> {
  const feature = 'Ed25519'
  const message = `this platform cannot sign or verify with ${feature}: ${reason}`
  return new RoomserverError('PLATFORM_UNSUPPORTED', { feature, reason }, message, { cause })
}

/** Makes the check that follows every exception: was it the key that was wrong, or can the platform verify nothing? */
export function exampleCheck(
  verify: (check: SignatureCheck) => Promise<boolean>,
): (cause: unknown) => Promise<void> {
  let works: Promise<boolean> | undefined
  return async (cause) => {
    if (cause instanceof Error && cause.name === 'NotSupportedError')
      throw withoutEd25519(cause.message, cause)
    works ??= verify(ED25519_EXAMPLE).catch(() => false)
    if (await works) return
    works = undefined
    throw withoutEd25519(cause instanceof Error ? cause.message : String(cause), cause)
  }
}
