import { createIdOf } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import type { Suspendable } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import type { EventNode } from './event-node.ts'
import type { Conflict, Graph } from './conflicted-state.ts'

/**
 * The create event that the room ID names, in versions where it does: it is the create event of the room whatever the
 * state sets hold. `undefined`: the version has no such room IDs, or the event is not known, was rejected or is none.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v12/#room-ids
 */
export function* namedCreate<Need>(
  graph: Graph<Need>,
  conflicts: readonly Conflict[],
  rules: RoomVersionRules,
): Suspendable<Need, EventNode | undefined> {
  if (rules.roomId !== 'create-hash') return undefined
  const witness = witnessIn(conflicts) ?? (yield* witnessBeside(graph)) ?? knownIn(conflicts[0])
  const id = witness === undefined ? undefined : createIdOf(witness.pdu)
  const node = id === undefined ? undefined : yield* graph.withId(id)
  return node === undefined || node.isRejected || !isCreate(node.pdu) ? undefined : node
}

/** Whether an event is a create event that founded another room: such an event has no place in the state of this one. */
export function isOfOtherRoom(
  { create, rules }: { readonly create: EventNode | undefined; readonly rules: RoomVersionRules },
  node: EventNode,
): boolean {
  return rules.roomId === 'create-hash' && node.pdu.type === 'm.room.create' && node !== create
}

/** Any event that says which room it is of; a create event only says which room it founded. */
function witnessIn(conflicts: readonly Conflict[]): EventNode | undefined {
  for (const conflict of conflicts) {
    const witness = conflict.type === 'm.room.create' ? undefined : knownIn(conflict)
    if (witness !== undefined) return witness
  }
  return undefined
}

function knownIn(conflict: Conflict | undefined): EventNode | undefined {
  return conflict?.events.find(({ value }) => value !== undefined)?.value
}

function* witnessBeside<Need>(graph: Graph<Need>): Suspendable<Need, EventNode | undefined> {
  const found = yield* graph.entries([
    ['m.room.power_levels', ''],
    ['m.room.join_rules', ''],
  ])
  return found.find((node) => node !== undefined)
}

function isCreate({ stateKey, type }: Pdu): boolean {
  return type === 'm.room.create' && stateKey === ''
}
