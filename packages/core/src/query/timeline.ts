import type { HeaderedEvent } from '@roomserver/api'
import {
  type EventId,
  type EventNid,
  type EventRecord,
  NO_NID,
  type RoomId,
  type RoomRecord,
  type Suspendable,
} from '@roomserver/types'
import { headeredEvents, rulesOf } from '../output/headered.ts'
import type { Need } from '../view/record-kinds.ts'
import { eventsOf, eventsWithIds } from '../view/reads.ts'
import type { View } from '../view/view.ts'
import { type QueryContext, readRoom, roomWithState } from './context.ts'
import { invalidArgument, roomNotFound } from './failures.ts'
import { positionOf, type TimelinePosition, tokenOf } from './timeline-token.ts'

/** Which part of a room's past is wanted. */
export interface TimelineRequest {
  readonly roomId: RoomId
  /** The `next` of the page before; left out: from the latest events. */
  readonly from?: string | undefined
  /** How many events at the most; no page has more than 1,000. */
  readonly limit: number
}

/** A part of a room's past. */
export interface TimelinePage {
  /** Accepted events, the latest first. */
  readonly events: readonly HeaderedEvent[]
  /** Where the next page begins; undefined: this was the last. */
  readonly next?: string
  /** Prev events of these events that are not stored: other servers may have them. */
  readonly missing: readonly EventId[]
}

const MAX_EVENTS = 1_000
/** How many events of other verdicts are passed on one page. */
const MAX_PASSED = 5_000
/** To how many events with a false depth a reading goes back, so that such events cannot keep it from ending. */
const MAX_RETURNS = 20

/**
 * Reads the past of a room backwards, in the order of depth as other servers do, from its forward extremities or from
 * where a page before ended. An event is given once, unless a server lied about the depth of one that builds on it.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, INVALID_ARGUMENT
 */
export async function readTimeline(
  context: QueryContext,
  { roomId, from, limit }: TimelineRequest,
): Promise<TimelinePage> {
  const position = from === undefined ? undefined : positionOf(from)
  if (!(limit >= 1)) throw invalidArgument('limit', 'a number from 1', 'limit: expected a number from 1')
  const room = await roomWithState(context, roomId)
  if (room === undefined) throw roomNotFound(roomId, `room ${JSON.stringify(roomId)} is not known here`)
  const walk = await readRoom(context, (view) =>
    walkTimeline(view, room, position, Math.min(limit, MAX_EVENTS)),
  )
  return {
    events: headeredEvents(walk.given, rulesOf(room)),
    ...(walk.pending.size > 0 && { next: tokenOf(walk.position) }),
    missing: await notPurged(context, room, [...walk.missing]),
  }
}

/** Nobody is to be asked for events that were purged with the history of the room. */
async function notPurged(
  { store }: QueryContext,
  { nid, purgedDepth }: RoomRecord,
  ids: readonly EventId[],
): Promise<readonly EventId[]> {
  if (purgedDepth === 0 || ids.length === 0) return ids
  const purged = new Set(await store.purgedEvents(nid, ids))
  return ids.filter((id) => !purged.has(id))
}

function* walkTimeline(
  view: View,
  room: RoomRecord,
  from: TimelinePosition | undefined,
  limit: number,
): Suspendable<Need, TimelineWalk> {
  const rules = rulesOf(room)
  const walk = new TimelineWalk(room, from?.returnedTo ?? [])
  const start =
    from === undefined ? yield* eventsOf(view, room.extremities) : yield* eventsWithIds(view, from.pending)
  for (const record of start) walk.add(record)
  for (let passed = 0; walk.given.length < limit && passed < MAX_PASSED; passed++) {
    const next = walk.takeLatest()
    if (next === undefined) break
    const { prevEvents } = view.pduOf(next, rules)
    const stored = yield* eventsWithIds(view, prevEvents)
    for (const [at, id] of prevEvents.entries()) walk.lead(next, id, stored[at] ?? null)
    yield
  }
  return walk
}

/** A reading of a timeline: what was given and what comes next. */
class TimelineWalk {
  readonly given: EventRecord[] = []
  readonly missing = new Set<EventId>()
  readonly pending = new Map<EventNid, EventRecord>()
  readonly #room: RoomRecord
  readonly #returnedTo: Set<EventId>
  readonly #passed = new Set<EventNid>()

  constructor(room: RoomRecord, returnedTo: readonly EventId[]) {
    this.#room = room
    this.#returnedTo = new Set(returnedTo.slice(0, MAX_RETURNS))
  }

  get position(): TimelinePosition {
    const pending = [...this.pending.values()].map(({ eventId }) => eventId)
    return { pending, returnedTo: [...this.#returnedTo] }
  }

  /** Has an event come if it is in the graph of the room. */
  add(record: EventRecord | null): void {
    if (record === null || record.before === NO_NID || record.roomNid !== this.#room.nid) return
    if (!this.#passed.has(record.nid)) this.pending.set(record.nid, record)
  }

  /** Takes the latest of the events that come next, and gives it if it was accepted. */
  takeLatest(): EventRecord | undefined {
    let latest: EventRecord | undefined
    for (const record of this.pending.values())
      if (latest === undefined || isLater(record, latest)) latest = record
    if (latest === undefined) return undefined
    this.pending.delete(latest.nid)
    this.#passed.add(latest.nid)
    if (latest.verdict === 'accepted') this.given.push(latest)
    return latest
  }

  /** Goes from an event to one of its prev events. One that claims to be later may have been given already. */
  lead(from: EventRecord, id: EventId, to: EventRecord | null): void {
    if (to === null || to.before === NO_NID) this.missing.add(id)
    else if (!isLater(to, from) || this.#mayReturn(id)) this.add(to)
  }

  #mayReturn(id: EventId): boolean {
    if (this.#returnedTo.has(id) || this.#returnedTo.size >= MAX_RETURNS) return false
    this.#returnedTo.add(id)
    return true
  }
}

function isLater(one: EventRecord, other: EventRecord): boolean {
  return one.depth === other.depth ? one.nid > other.nid : one.depth > other.depth
}
