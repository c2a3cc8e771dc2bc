import { powerLevelOf } from '@roomserver/auth'
import type { Suspendable } from '@roomserver/types'
import { type EventNode, powerLevelsAmong } from './event-node.ts'
import { authOf, type ConflictedState } from './conflicted-state.ts'

/** The power level of an event's sender by its auth events and the create event of the room. */
export function* senderLevel<Need>(
  conflicted: ConflictedState<Need>,
  node: EventNode,
): Suspendable<Need, number> {
  const { graph, rules } = conflicted
  const auth = graph.authOf(node) ?? (yield* authOf(graph, node))
  const powerLevels = powerLevelsAmong(auth)?.pdu
  const create =
    rules.roomId === 'create-hash'
      ? conflicted.create
      : auth.find(({ pdu }) => pdu.type === 'm.room.create' && pdu.stateKey === '')
  return powerLevelOf(node.pdu.sender, { rules, create: create?.pdu, powerLevels })
}
