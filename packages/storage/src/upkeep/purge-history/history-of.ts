import {
  type EventId,
  type EventNid,
  type EventRecord,
  type HistoryHorizon,
  isJsonObject,
  NO_NID,
  type RoomNid,
  type RoomRecord,
} from '@roomserver/types'
import type { Db } from '../../schema.ts'
import type { Tables } from '../../tables/tables.ts'
import { objectIn, prevEventsIn, type ReadEvent } from '../event-text.ts'
import { pages } from '../pages.ts'

/** How far into the future a clock may be wrong: what claims to be of later still says nothing about its age. */
const CLOCK_MS = 86_400_000

/** How many rows of jobs are looked at at a time. */
const JOBS = 250

/** The history of a room before some place: the part of its graph that goes. */
export interface History {
  /** Its events; nothing else of the graph is before one of them. */
  readonly events: ReadonlySet<EventNid>
  /** One more than the greatest depth of them; 0: there are none. */
  readonly depth: number
  /** Where the rest of the graph builds on it. */
  readonly links: readonly { readonly prev: EventNid; readonly by: EventNid }[]
}

/**
 * Finds the history of a room that lies before a depth, or is older than a time. Forward extremities stay, and what missing
 * events are waited for; and so does whatever builds on an event that stays, whatever depth or time it claims. So nobody can
 * have others' events purged by false claims.
 *
 * @param now - milliseconds since the epoch
 */
export async function historyOf(
  db: Db,
  tables: Tables,
  room: RoomRecord,
  horizon: HistoryHorizon,
  now: number,
): Promise<History> {
  const staying = await seedsOf(db, tables, room)
  /** Events that may go, by those of the graph that they build on. */
  const old = new Map<EventNid, readonly EventNid[]>()
  const depths = new Map<EventNid, number>()
  const links: { readonly prev: EventNid; readonly by: EventNid }[] = []
  for await (const page of pages((after, limit) => tables.events.ofRoom(db, room.nid, after, limit))) {
    const graph = page.filter(({ before }) => before !== NO_NID)
    const read = graph.map((event) => ({ event, said: objectIn(event.json) ?? {} }))
    const predecessors = await prevNids(db, tables, room.nid, read)
    for (const one of read) {
      const { nid, depth } = one.event
      const prev = predecessors.get(nid) ?? []
      if (isOld(one, horizon, now) && !staying.has(nid)) {
        old.set(nid, prev)
        depths.set(nid, depth)
      } else for (const of of prev) if (old.has(of) || of > nid) links.push({ prev: of, by: nid })
    }
  }
  for (let isChanged = true; isChanged; ) {
    isChanged = false
    for (const [nid, prev] of old) {
      if (prev.every((of) => old.has(of))) continue
      old.delete(nid)
      for (const of of prev) links.push({ prev: of, by: nid })
      isChanged = true
    }
  }
  let depth = 0
  for (const nid of old.keys()) depth = Math.max(depth, (depths.get(nid) ?? 0) + 1)
  return { events: new Set(old.keys()), depth, links: links.filter(({ prev }) => old.has(prev)) }
}

/** What stays, wherever it is. */
async function seedsOf(db: Db, tables: Tables, room: RoomRecord): Promise<ReadonlySet<EventNid>> {
  const seeds = new Set([...room.extremities, room.lastSent])
  for (let after = ''; ; ) {
    const jobs = await tables.repairs.ofRoom(db, room.roomId, after, JOBS)
    const waited = jobs.flatMap(({ payload }) => {
      const event = objectIn(payload)?.['event']
      const json = isJsonObject(event) ? event['json'] : undefined
      const said = typeof json === 'string' ? objectIn(json) : isJsonObject(json) ? json : event
      return isJsonObject(said) ? prevEventsIn(said) : []
    })
    for (const { nid } of await tables.purgedHistory.places(db, room.nid, waited)) seeds.add(nid)
    const last = jobs.at(-1)
    if (last === undefined || jobs.length < JOBS) return seeds
    after = last.eventId
  }
}

function isOld({ event, said }: ReadEvent, { beforeDepth, beforeTs }: HistoryHorizon, now: number): boolean {
  if (event.depth < beforeDepth) return true
  const ts = said['origin_server_ts']
  return typeof ts === 'number' && (ts < beforeTs || (beforeTs > 0 && ts > now + CLOCK_MS))
}

/** The events of the graph that some events build on. */
async function prevNids(
  db: Db,
  tables: Tables,
  room: RoomNid,
  events: readonly { readonly event: Pick<EventRecord, 'nid'>; readonly said: ReadEvent['said'] }[],
): Promise<ReadonlyMap<EventNid, readonly EventNid[]>> {
  const ids = new Map<EventNid, readonly EventId[]>()
  for (const { event, said } of events) ids.set(event.nid, [...new Set(prevEventsIn(said))])
  const found = await tables.purgedHistory.places(db, room, [...new Set([...ids.values()].flat())])
  const inGraph = new Map(found.filter((one) => one.isInGraph).map(({ eventId, nid }) => [eventId, nid]))
  const nids = new Map<EventNid, readonly EventNid[]>()
  for (const [nid, prev] of ids)
    nids.set(
      nid,
      prev.map((id) => inGraph.get(id)).filter((one) => one !== undefined),
    )
  return nids
}
