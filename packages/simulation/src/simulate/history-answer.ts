import type { RoomserverApi } from '@roomserver/api'
import { endlessPast } from './endless-past.ts'
import { sideBranch } from './side-branch.ts'
import type { SimulatedServer } from './simulated-server.ts'
import type { World } from './world.ts'

/**
 * What a server that was asked tells of the past of a room: all that it has, or only the later part of it. A liar leaves
 * out, makes up, or adds what nobody asked for.
 *
 * @param texts - events, oldest first
 */
export async function historyAnswer(
  world: World,
  server: SimulatedServer,
  api: RoomserverApi,
  roomId: string,
  texts: readonly string[],
): Promise<readonly string[]> {
  const { dice, trouble, isHealed } = world
  if (!world.isLiar(server)) {
    return !isHealed && dice.chance(trouble.cut) ? texts.slice(dice.below(texts.length)) : texts
  }
  if (dice.chance(trouble.madeUp)) {
    world.figures.lies++
    return await endlessPast(api, roomId, server.users[0] ?? '', () => world.author(server))
  }
  const answer = world.twist(server, texts)
  if (!dice.chance(trouble.branched)) return answer
  world.figures.lies++
  return [...answer, ...(await sideBranch(world, server, api, roomId))]
}
