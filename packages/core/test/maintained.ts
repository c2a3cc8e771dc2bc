import type { FederationApi } from '@roomserver/api'
import { parseServerName, silentLogger } from '@roomserver/types'
import { createRoomserverWithMaintenance, type RoomserverWithMaintenance } from '../src/index.ts'
import { Homeserver } from './homeserver.ts'

/** Server `a` as a program holds it in process. */
export interface Maintained extends RoomserverWithMaintenance, AsyncDisposable {
  readonly hs: Homeserver
}

/** Starts it on a store in memory. */
export async function startMaintained(federation?: Partial<FederationApi>): Promise<Maintained> {
  const hs = await Homeserver.start()
  let now = 1_800_000_000_000
  const server = createRoomserverWithMaintenance({
    store: hs.storage,
    cache: hs.cache,
    input: hs.input,
    clock: { now: () => (now += 1000) },
    log: silentLogger,
    serverName: parseServerName('a'),
    signingKey: { server: 'a', keyId: 'ed25519:test', seed: 'A'.repeat(43) },
    federation: federation as FederationApi | undefined,
  })
  return { ...server, hs, [Symbol.asyncDispose]: () => hs[Symbol.asyncDispose]() }
}
