import type { Suspendable, RoomRecord } from '@roomserver/types'
import type { Need } from '../view/record-kinds.ts'
import type { View } from '../view/view.ts'
import { readRoom, type QueryContext } from './context.ts'
import { rulesOf } from '../output/headered.ts'
import { type Requester, ServerVisibility } from './server-visibility.ts'
import { isServerInRoom } from './servers.ts'

/**
 * Runs a computation that depends on what a server may see of a room. The server's users in the room are asked for only
 * where an answer hangs on them: mostly the visibility settles it.
 */
export async function readAs<Result>(
  context: QueryContext,
  room: RoomRecord,
  server: string,
  compute: (view: View, visibility: ServerVisibility) => Suspendable<Need, Result>,
): Promise<Result> {
  const rules = rulesOf(room)
  const inRoom = await isServerInRoom(context, room, server)
  const attempt = (users: Requester['users']) =>
    readRoom(context, function* (view) {
      const visibility = new ServerVisibility(view, rules, { server, inRoom, users, current: room.current })
      return { result: yield* compute(view, visibility), lacksUsers: visibility.lacksUsers }
    })
  const { result, lacksUsers } = await attempt(undefined)
  if (!lacksUsers) return result
  return (await attempt(await context.store.usersOfServer(room.nid, server))).result
}
