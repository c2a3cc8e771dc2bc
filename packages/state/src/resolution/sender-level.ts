import { powerLevelOf } from '@roomserver/auth'
import type { Asking } from '@roomserver/types'
import { type EventNode, powerLevelsAmong } from './event-node.ts'
import { authOf, type Problem } from './problem.ts'

/** The power level that an event's sender had by the events which it cites. */
export function* senderLevel<Need>(problem: Problem<Need>, node: EventNode): Asking<Need, number> {
  const auth = yield* authOf(problem.graph, node)
  const powerLevels = powerLevelsAmong(auth)?.pdu
  const create = auth.find(({ pdu }) => pdu.type === 'm.room.create' && pdu.stateKey === '')
  const known = create ?? (yield* createByRoomId(problem))
  return powerLevelOf(node.pdu.sender, { rules: problem.rules, create: known?.pdu, powerLevels })
}

/** The create event, where it is named by the room ID and not cited. */
export function* createByRoomId<Need>({ graph, rules }: Problem<Need>): Asking<Need, EventNode | undefined> {
  if (rules.roomId !== 'create-hash') return undefined
  const [create] = yield* graph.entries([['m.room.create', '']])
  return create
}
