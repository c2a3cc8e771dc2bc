import { powerLevelOf } from '@roomserver/auth'
import type { Asking } from '@roomserver/types'
import { type EventNode, powerLevelsAmong } from './event-node.ts'
import { authOf, type Problem } from './problem.ts'

/** The power level that an event's sender had by the events which it cites. */
export function* senderLevel<Need>(problem: Problem<Need>, node: EventNode): Asking<Need, number> {
  const auth = problem.graph.authOf(node) ?? (yield* authOf(problem.graph, node))
  const powerLevels = powerLevelsAmong(auth)?.pdu
  const create = auth.find(({ pdu }) => pdu.type === 'm.room.create' && pdu.stateKey === '')
  const isNamed = create === undefined && problem.rules.roomId === 'create-hash'
  const known = isNamed ? yield* createByRoomId(problem) : create
  return powerLevelOf(node.pdu.sender, { rules: problem.rules, create: known?.pdu, powerLevels })
}

/** The create event, where it is named by the room ID and not cited. */
export function* createByRoomId<Need>({ graph, rules }: Problem<Need>): Asking<Need, EventNode | undefined> {
  if (rules.roomId !== 'create-hash') return undefined
  const known = graph.peek('m.room.create', '')
  if (known !== undefined) return known ?? undefined
  const [create] = yield* graph.entries([['m.room.create', '']])
  return create
}
