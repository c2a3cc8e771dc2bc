import { trustedPdu } from '@roomserver/events'
import {
  type EventId,
  type EventNid,
  type EventRecord,
  isFailure,
  NO_NID,
  type RoomRecord,
} from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import type { Draft } from '../decide/draft.ts'
import type { RoomInput } from '../input/create-input.ts'
import type { RoomTask } from '../input/room-tasks.ts'
import { decideRepair, type RepairOrder } from '../repair/operator/decide-repair.ts'
import type { RepairDifference, RepairPlan } from '../repair/operator/repair-plan.ts'
import { mendEvent } from './mend-event.ts'
import { type RecheckSource, toldEvents } from './recheck-room.ts'
import { Scratch } from './scratch.ts'

/** What mending works with. */
export interface MendParts extends RecheckSource {
  readonly input: Pick<RoomInput, 'runTask'>
}

const PAGE = 200
const BYTES = 1_000

/** How often the ends are worked out anew of a room that moves on meanwhile. */
const ATTEMPTS = 5

/**
 * Makes what is derived from a room's events follow from them: the state before and after each, verdicts, redactions, forward
 * extremities, the current state with its memberships. Each step is one commit in the room's own turn, so that it can be
 * done while others use the room, and ended at any moment.
 *
 * @returns what is mended, in sentences; in a dry run each as if the ones before had been left
 */
export async function* mendRoom(
  parts: MendParts,
  room: RoomRecord,
  order: RepairOrder,
): AsyncGenerator<string, void, void> {
  const told = await toldEvents(parts.store, room)
  let scratch = new Scratch(parts.store, room)
  for await (const { nid } of eventsOf(parts, room)) {
    const mend = (draft: Draft) => mendEvent(draft, nid, told.has(nid), order.by)
    const mended = await scratch.run(mend)
    if (mended.length > 0 && !order.isDryRun) {
      await parts.input.runTask(taskOf(room, mend))
      scratch = new Scratch(parts.store, room)
    }
    yield* mended
  }
  yield* mendEnds(parts, room, order)
}

/** Forward extremities by the events, and the current state by the extremities. */
async function* mendEnds(
  parts: MendParts,
  { nid }: RoomRecord,
  order: RepairOrder,
): AsyncGenerator<string, void, void> {
  for (let attempt = 1; ; attempt++) {
    const [room] = await parts.store.roomsByNid([nid])
    if (room === undefined || room.current === NO_NID) return
    const extremities = await endsOf(parts, room)
    const isCurrentLost = (await parts.store.snapshots([room.current])).length === 0
    const stored = new Set((await parts.store.eventsByNid(room.extremities)).map((event) => event.nid))
    const lost = room.extremities.filter((end) => !stored.has(end))
    const plan: RepairPlan = {
      kind: 'extremities',
      extremities,
      lost,
      isCurrentLost,
      revision: room.revision,
    }
    try {
      for (const end of lost) yield `event NID ${end}, which is not stored, was taken for a forward extremity`
      if (isCurrentLost) yield `the current state, snapshot ${room.current}, was not stored`
      const difference = await parts.input.runTask(taskOf(room, (draft) => decideRepair(draft, plan, order)))
      yield* told(difference)
      return
    } catch (error) {
      if (!isFailure(error, 'BAD_REQUEST') || attempt >= ATTEMPTS) throw error
    }
  }
}

/** Accepted events of the graph on which no accepted one builds, be it by way of others that are not. */
async function endsOf(parts: MendParts, room: RoomRecord): Promise<readonly EventNid[]> {
  const rules = roomVersion(room.version)
  if (rules === undefined) return room.extremities
  const accepted = new Map<EventId, EventNid>()
  const others = new Map<EventId, readonly EventId[]>()
  const open: EventId[] = []
  for await (const { eventId, json, nid, verdict, before } of eventsOf(parts, room)) {
    if (before === NO_NID) continue
    const { prevEvents } = trustedPdu(json, eventId, rules)
    if (verdict !== 'accepted') others.set(eventId, prevEvents)
    else {
      accepted.set(eventId, nid)
      open.push(...prevEvents)
    }
  }
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    accepted.delete(id)
    open.push(...(others.get(id) ?? []))
    others.delete(id)
  }
  return [...accepted.values()]
}

async function* eventsOf(parts: MendParts, { nid }: RoomRecord): AsyncGenerator<EventRecord, void, void> {
  for (let after = NO_NID as EventNid; ; ) {
    const page = await parts.eventsOfRoom(nid, after, PAGE)
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    after = last.nid
  }
}

function* told({ extremities: { from, to }, entries }: RepairDifference): Generator<string> {
  for (const id of from) if (!to.includes(id)) yield `${id} was taken for a forward extremity`
  for (const id of to) if (!from.includes(id)) yield `${id} was not taken for a forward extremity`
  for (const { type, stateKey, from: was, to: is } of entries)
    yield `the current state had ${was ?? 'nothing'} and not ${is ?? 'nothing'} as ${type} ${JSON.stringify(stateKey)}`
}

function taskOf<Result>(
  { roomId, version }: RoomRecord,
  decide: RoomTask<Result>['decide'],
): RoomTask<Result> {
  return { roomId, version, name: 'mending what is derived', bytes: BYTES, decide }
}
