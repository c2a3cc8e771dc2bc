import { powerLevelOf } from '@roomserver/auth'
import type { Suspendable } from '@roomserver/types'
import { type EventNode, powerLevelsAmong } from './event-node.ts'
import { authOf, type Problem } from './problem.ts'

/** The power level that an event's sender had by the events which it cites, and by the create event of the room. */
export function* senderLevel<Need>(problem: Problem<Need>, node: EventNode): Suspendable<Need, number> {
  const { graph, rules } = problem
  const auth = graph.authOf(node) ?? (yield* authOf(graph, node))
  const powerLevels = powerLevelsAmong(auth)?.pdu
  const create =
    rules.roomId === 'create-hash'
      ? problem.create
      : auth.find(({ pdu }) => pdu.type === 'm.room.create' && pdu.stateKey === '')
  return powerLevelOf(node.pdu.sender, { rules, create: create?.pdu, powerLevels })
}
