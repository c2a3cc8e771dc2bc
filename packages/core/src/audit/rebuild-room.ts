import { trustedPdu } from '@roomserver/events'
import {
  type EventId,
  type EventNid,
  type EventRecord,
  isFailure,
  NO_NID,
  type RoomRecord,
} from '@roomserver/types'
import { type RoomVersionRules, roomVersion } from '@roomserver/version'
import { eventPages } from '../view/event-pages.ts'
import type { Draft } from '../decide/draft.ts'
import type { TaskRunner } from '../input/task-runner.ts'
import type { RoomTask } from '../input/room-tasks.ts'
import { decideRepair, type RepairOrder } from '../operator-repair/decide-repair.ts'
import type { RepairDifference, RepairPlan } from '../operator-repair/repair-plan.ts'
import { rebuildEvent } from './rebuild-event.ts'
import { isLost, type AuditSource, eventsAtRemoteState } from './audit-room.ts'
import { Scratch } from './scratch.ts'
import { textState } from './text-state.ts'

/** What rebuilding works with. */
export interface RebuildParts extends AuditSource {
  readonly input: TaskRunner
}

const PAGE = 200
const BYTES = 1_000

/** How often the extremities are worked out again of a room that moves on meanwhile. */
const ATTEMPTS = 5

/**
 * Makes what is derived from a room's events follow from them: the state before and after each, verdicts, redactions, forward
 * extremities, the current state with its memberships. Each step is one commit in the room's queue, so that it can be
 * done while others use the room, and ended at any moment.
 *
 * @returns what is rebuilt, in sentences; in a dry run each as if the ones before had been left
 */
export async function* rebuildRoom(
  parts: RebuildParts,
  room: RoomRecord,
  order: RepairOrder,
): AsyncGenerator<string, void, void> {
  const rules = roomVersion(room.version)
  if (rules === undefined) {
    yield `cannot rebuild: the room has version ${JSON.stringify(room.version)}, which this program does not support`
    return
  }
  const damage = await damagedText(parts, room, rules)
  if (damage !== undefined) {
    yield `cannot rebuild: other events may depend on event ${damage}, whose text is damaged`
    return
  }
  const remote = await eventsAtRemoteState(parts.store, room)
  const left = yield* rebuildAll(parts, room, await inOrder(parts, room), remote, order)
  yield* rebuildExtremities(parts, room, order)
  // What an event makes of the room is worked out from its extremities and its current state: these are there now.
  const [now = room] = await parts.store.roomsByNid([room.nid])
  const last = order.isDryRun ? left : yield* rebuildAll(parts, now, left, remote, order)
  if (last.length < left.length) yield* rebuildExtremities(parts, room, order)
  for (const { eventId, why } of last) yield `event ${eventId} cannot be rebuilt: ${why}`
}

/** Rebuilds events, and those again that follow from others, for as long as some of them can be rebuilt. */
async function* rebuildAll(
  parts: RebuildParts,
  room: RoomRecord,
  events: readonly Left[],
  remote: ReadonlySet<EventNid>,
  order: RepairOrder,
): AsyncGenerator<string, readonly Left[], void> {
  let left = events
  for (let before = Infinity; left.length > 0 && left.length < before; ) {
    before = left.length
    left = yield* rebuildEvents(parts, room, left, remote, order)
  }
  return left
}

/** Types of events whose content decides what becomes of others. */
const READ_BY_RULES: readonly string[] = [
  'm.room.create',
  'm.room.member',
  'm.room.power_levels',
  'm.room.join_rules',
  'm.room.third_party_invite',
]

/**
 * An event whose text is damaged, and that other events depend on. A result derived from it would be worse than
 * what is stored.
 */
async function damagedText(
  parts: RebuildParts,
  room: RoomRecord,
  rules: RoomVersionRules,
): Promise<EventId | undefined> {
  for await (const event of eventsOf(parts, room)) {
    const state = textState(event, rules)
    if (state === 'damaged') return event.eventId
    const { type } = state === 'intact' ? { type: '' } : trustedPdu(event.json, event.eventId, rules)
    if (READ_BY_RULES.includes(type)) return event.eventId
  }
  return undefined
}

/** An event that is to be rebuilt, and why that could not be done yet. */
interface Left extends Pick<EventRecord, 'nid' | 'eventId'> {
  readonly why: string
}

async function inOrder(parts: RebuildParts, room: RoomRecord): Promise<readonly Left[]> {
  const events: Left[] = []
  for await (const { nid, eventId } of eventsOf(parts, room)) events.push({ nid, eventId, why: '' })
  return events
}

/** @returns those that cannot be rebuilt before others are, or before the room has ends: what they follow from is lost */
async function* rebuildEvents(
  parts: RebuildParts,
  room: RoomRecord,
  events: readonly Left[],
  remote: ReadonlySet<EventNid>,
  order: RepairOrder,
): AsyncGenerator<string, readonly Left[], void> {
  const left: Left[] = []
  let scratch = new Scratch(parts.store, room)
  for (const { nid, eventId } of events) {
    const rebuild = (draft: Draft) => rebuildEvent(draft, nid, remote.has(nid), order.by)
    try {
      const rebuilt = await scratch.run(rebuild)
      if (rebuilt.length > 0 && !order.isDryRun) {
        await parts.input.runTask(taskOf(room, rebuild))
        scratch = new Scratch(parts.store, room)
      }
      yield* rebuilt
    } catch (error) {
      if (!isLost(error) && !isFailure(error, 'BAD_REQUEST')) throw error
      left.push({ nid, eventId, why: error.message })
    }
  }
  return left
}

/** Forward extremities by the events, and the current state by the extremities. */
async function* rebuildExtremities(
  parts: RebuildParts,
  { nid }: RoomRecord,
  order: RepairOrder,
): AsyncGenerator<string, void, void> {
  for (let attempt = 1; ; attempt++) {
    const [room] = await parts.store.roomsByNid([nid])
    if (room === undefined || room.current === NO_NID) return
    const extremities = await extremitiesOf(parts, room)
    const isCurrentLost = (await parts.store.snapshots([room.current])).length === 0
    const stored = new Set((await parts.store.eventsByNid(room.extremities)).map((event) => event.nid))
    const lost = room.extremities.filter((extremity) => !stored.has(extremity))
    const plan: RepairPlan = {
      kind: 'extremities',
      extremities,
      lost,
      isCurrentLost,
      revision: room.revision,
    }
    try {
      if (lost.length > 0) yield `${lost.length} forward extremities were not stored`
      if (isCurrentLost) yield 'the current state was not stored'
      const difference = await parts.input.runTask(taskOf(room, (draft) => decideRepair(draft, plan, order)))
      yield* differencesOf(difference)
      return
    } catch (error) {
      if (isLost(error)) {
        yield `the current state cannot be rebuilt: ${error.message}`
        return
      }
      if (!isFailure(error, 'BAD_REQUEST') || attempt >= ATTEMPTS) throw error
    }
  }
}

/**
 * Accepted events of the graph on which no accepted one builds, be it by way of others that are not. What is a forward extremity now
 * stays one where only events at remote state take its place: see `moveExtremities`. What is none now becomes none where
 * an event is missing that may build on it, unless nothing else is one.
 */
async function extremitiesOf(parts: RebuildParts, room: RoomRecord): Promise<readonly EventNid[]> {
  const rules = roomVersion(room.version)
  if (rules === undefined) return room.extremities
  const remote = await eventsAtRemoteState(parts.store, room)
  const accepted: EventRecord[] = []
  const all: Builder[] = []
  for await (const event of eventsOf(parts, room)) {
    const { eventId, json, nid, verdict, before, depth } = event
    if (before === NO_NID) continue
    const { prevEvents } = trustedPdu(json, eventId, rules)
    if (verdict === 'accepted') accepted.push({ ...event, json: '' })
    all.push({
      eventId,
      prevEvents,
      depth,
      isAccepted: verdict === 'accepted',
      isAtRemoteState: remote.has(nid),
    })
  }
  const replacedBy = replacedByAccepted(all)
  const replaced = replacedByAccepted(all.filter(({ isAtRemoteState }) => !isAtRemoteState))
  const now = new Set(room.extremities)
  const extremities = accepted.filter(
    ({ eventId, nid }) => !replacedBy.has(eventId) || (now.has(nid) && !replaced.has(eventId)),
  )
  const gapDepth = depthOfGaps(all)
  const certain = extremities.filter(({ nid, depth }) => now.has(nid) || depth >= gapDepth)
  return (certain.length > 0 ? certain : extremities).map(({ nid }) => nid)
}

/** The greatest depth of an event that builds on one which is not here. */
function depthOfGaps(events: readonly Builder[]): number {
  const here = new Set(events.map(({ eventId }) => eventId))
  const lacking = events.filter(({ prevEvents }) => prevEvents.some((id) => !here.has(id)))
  return lacking.reduce((greatest, { depth }) => Math.max(greatest, depth), 0)
}

/** What an event builds upon, and whether that tells anything. */
interface Builder {
  readonly eventId: EventId
  readonly prevEvents: readonly EventId[]
  readonly depth: number
  readonly isAccepted: boolean
  readonly isAtRemoteState: boolean
}

/** What accepted events build upon, be it by way of others that are not. */
function replacedByAccepted(events: readonly Builder[]): ReadonlySet<EventId> {
  const others = new Map(
    events.filter(({ isAccepted }) => !isAccepted).map((event) => [event.eventId, event]),
  )
  const found = new Set(events.filter(({ isAccepted }) => isAccepted).flatMap(({ prevEvents }) => prevEvents))
  for (const id of found) for (const prev of others.get(id)?.prevEvents ?? []) found.add(prev)
  return found
}

async function* eventsOf(parts: RebuildParts, { nid }: RoomRecord): AsyncGenerator<EventRecord, void, void> {
  for await (const page of eventPages(parts, nid, PAGE)) yield* page
}

function* differencesOf({ extremities: { from, to }, entries }: RepairDifference): Generator<string> {
  for (const id of from) if (!to.includes(id)) yield `${id} was wrongly a forward extremity`
  for (const id of to) if (!from.includes(id)) yield `${id} was missing from the forward extremities`
  for (const { type, stateKey, from: was, to: is } of entries)
    yield `the current state had ${was ?? 'nothing'} and not ${is ?? 'nothing'} as ${type} ${JSON.stringify(stateKey)}`
}

function taskOf<Result>(
  { roomId, version }: RoomRecord,
  decide: RoomTask<Result>['decide'],
): RoomTask<Result> {
  return { roomId, version, name: 'rebuilding derived data', bytes: BYTES, decide }
}
