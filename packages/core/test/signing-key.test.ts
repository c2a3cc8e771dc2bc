import { parseServerName, silentLogger, systemClock } from '@roomserver/types'
import { expect, it } from 'vitest'
import { createRoomserver } from '../src/index.ts'
import { Homeserver } from './homeserver.ts'

it('does not start with the signing key of another server', async () => {
  await using hs = await Homeserver.start()
  const { storage: store, cache, input } = hs
  const deps = { store, cache, input, clock: systemClock, log: silentLogger }
  const signingKey = { server: 'b', keyId: 'ed25519:test', seed: 'A'.repeat(43) }
  expect(() => createRoomserver({ ...deps, serverName: parseServerName('a'), signingKey })).toThrow(
    'the signing key ed25519:test belongs to b, not to a',
  )
})
