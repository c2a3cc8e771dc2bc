import { ed25519, encodeBase64, type SigningKey } from '@roomserver/events'
import type { Dice } from '@roomserver/testing'

/** The server that knows whose address is whose. Rooms name its key, and never ask it anything. */
export interface IdentityServer {
  readonly key: SigningKey
  readonly publicKey: string
}

export async function openIdentityServer(dice: Dice): Promise<IdentityServer> {
  const seed = dice.bytes(32)
  const key = { server: 'id', keyId: 'ed25519:0', seed: encodeBase64(seed) }
  return { key, publicKey: encodeBase64(await ed25519.publicKey(seed)) }
}
