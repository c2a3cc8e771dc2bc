import { Dice } from '@roomserver/testing'
import { simulatedFederation } from './federation.ts'
import { openIdentityServer } from './identity-server.ts'
import { Policies } from './policies.ts'
import { SimulatedServer } from './simulated-server.ts'
import type { Trouble } from './trouble.ts'
import { World } from './world.ts'

/** A world with so many servers, each of which reaches the others by a federation component of its own. */
export async function openWorld(seed: number, servers: number, trouble: Trouble): Promise<World> {
  const dice = new Dice(seed)
  const world = new World(dice, await openIdentityServer(dice), trouble, new Policies(seed))
  const federationOf = (server: SimulatedServer) => simulatedFederation(world, server)
  for (let number = 1; number <= servers; number++)
    world.add(await SimulatedServer.open(world, `s${number}`, federationOf))
  return world
}
