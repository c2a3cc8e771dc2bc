import {
  type BlockNid,
  type EventNid,
  type HistoryPurgeRecord,
  type HistoryPurgeEstimate,
  type HistoryHorizon,
  NO_NID,
  paged,
  type RoomRecord,
  RoomserverError,
  type SnapshotNid,
} from '@roomserver/types'
import type { CommitWatch } from '../../commit/commit-watch.ts'
import type { Db } from '../../schema.ts'
import type { Tables } from '../../tables/tables.ts'
import { objectIn, prevEventsIn } from '../event-text.ts'
import { pages } from '../pages.ts'
import { ownBlocks, removeStates } from '../remove-states.ts'
import { historyOf } from './history-of.ts'
import type { Needs } from './needs.ts'
import { addNamed, type OutsideEvent, survey, type Survey, NeedsKeeper } from './survey.ts'

/** How many rows are looked at at a time. */
const LOOK = 250

/** What purging the history of a room would delete. */
export async function historyEstimate(
  db: Db,
  tables: Tables,
  room: RoomRecord,
  horizon: HistoryHorizon,
  { isLocal, now }: { readonly isLocal: (userId: string) => boolean; readonly now: number },
): Promise<HistoryPurgeEstimate> {
  const history = await historyOf(db, tables, room, horizon, now)
  const found = await survey(db, tables, room, history.events)
  const { journal, lastOutput, needs, outside } = found
  await addNamed(db, tables, room.nid, found)
  const going = [...outside.values()].filter(({ nid }) => !needs.events.has(nid))
  let snapshots = 0
  for await (const page of pages((after, limit) => tables.snapshots.ofRoom(db, room.nid, after, limit)))
    for (const { nid } of page) if (!needs.states.has(nid)) snapshots++
  return {
    events: going.length,
    keptEvents: outside.size - going.length,
    snapshots,
    changes: await tables.purgedHistory.countJournal(db, room.nid, journal),
    outputs: await tables.purgedHistory.countOutputs(db, room.nid, lastOutput),
    bytes: going.reduce((sum, { bytes }) => sum + bytes, 0),
    localEvents: going.filter(({ sender }) => typeof sender === 'string' && isLocal(sender)).length,
  }
}

/** @throws {RoomserverError} ROOM_NOT_FOUND when the room was purged meanwhile */
async function moved(tx: Db, tables: Tables, { roomId, roomNid }: HistoryPurgeRecord): Promise<RoomRecord> {
  const room = await tables.rooms.move(tx, roomId)
  if (room?.nid === roomNid) return room
  throw notStored(roomId)
}

function notStored(roomId: string): RoomserverError {
  return new RoomserverError('ROOM_NOT_FOUND', { roomId }, `room ${roomId} is not stored any more`)
}

async function roomOf(db: Db, tables: Tables, { roomId, roomNid }: HistoryPurgeRecord): Promise<RoomRecord> {
  const [room] = await tables.rooms.byNids(db, [roomNid])
  if (room?.roomId === roomId) return room
  throw notStored(roomId)
}

/**
 * Takes the history of a room out of its graph, the latest first, a slice at a time, each in a transaction of its own that
 * moves the room on; yields after each. The events become outliers: what is left begins at events whose states are known, and
 * the events before those are not. Begun again it goes on with what is left.
 *
 * @param how - `now`: milliseconds since the epoch; `slice`: how many events are taken out at a time
 */
export async function* removeHistory(
  db: Db,
  tables: Tables,
  purge: HistoryPurgeRecord,
  { now, slice }: { readonly now: number; readonly slice: number },
): AsyncGenerator<void, void, void> {
  const history = await historyOf(db, tables, await roomOf(db, tables, purge), purge, now)
  for (let at = 0; at < history.links.length; at += LOOK) {
    await markBeginnings(db, tables, purge, history.links.slice(at, at + LOOK))
    yield
  }
  const latest = [...history.events].toSorted((a, b) => b - a)
  for (let at = 0; at < latest.length; at += slice) {
    await db.transaction().execute(async (tx) => {
      const { extremities, lastSent } = await moved(tx, tables, purge)
      const kept = new Set([...extremities, lastSent])
      const out = latest.slice(at, at + slice).filter((nid) => !kept.has(nid))
      await tables.rooms.notePurged(tx, purge.roomNid, history.depth)
      await tables.purgedEvents.add(tx, out)
      await tables.purgedHistory.remove(tx, out)
      await tables.historyPurges.count(tx, purge.roomId, out.length, 0)
    })
    yield
  }
  yield* markOthers(db, tables, purge)
}

type Link = { readonly prev: EventNid; readonly by: EventNid }

/**
 * Notes that events are the first of their branches: events that they build on are missing, while the states before them are
 * known for certain.
 */
async function markBeginnings(
  db: Db,
  tables: Tables,
  purge: HistoryPurgeRecord,
  links: readonly Link[],
): Promise<void> {
  const ids = await tables.purgedHistory.idsOf(
    db,
    links.map(({ prev }) => prev),
  )
  const named = links.flatMap(({ by, prev }) => {
    const id = ids.get(prev)
    return id === undefined ? [] : [{ prev: id, by }]
  })
  const noted = new Set(
    (await tables.missingPrevEvents.naming(db, [...ids.values()])).map(({ by, prev }) => `${by} ${prev}`),
  )
  await db.transaction().execute(async (tx) => {
    await moved(tx, tables, purge)
    const stated = new Set((await tables.remoteStates.ofRoom(tx, purge.roomNid)).map(({ event }) => event))
    const missing = named.filter(({ by, prev }) => !noted.has(`${by} ${prev}`))
    if (missing.length > 0) await tables.missingPrevEvents.add.run(tx, missing)
    const fresh = [...new Set(links.map(({ by }) => by))].filter((event) => !stated.has(event))
    const states = fresh.map((event) => ({
      event,
      roomNid: purge.roomNid,
      waitsFor: event,
      isVerified: true,
    }))
    if (states.length > 0) await tables.remoteStates.put.run(tx, states)
  })
}

/** The same for events that came while the history was taken out, and built on some of it. */
async function* markOthers(
  db: Db,
  tables: Tables,
  purge: HistoryPurgeRecord,
): AsyncGenerator<void, void, void> {
  const { roomNid } = purge
  for await (const page of pages((after, limit) => tables.events.ofRoom(db, roomNid, after, limit))) {
    const prev = new Map(
      page
        .filter(({ before }) => before !== NO_NID)
        .map(({ nid, json }) => [nid, prevEventsIn(objectIn(json) ?? {})]),
    )
    const places = await tables.purgedHistory.places(db, roomNid, [...new Set([...prev.values()].flat())])
    const out = new Map(places.filter((one) => !one.isInGraph).map(({ eventId, nid }) => [eventId, nid]))
    const purged = new Set(await tables.purgedEvents.among(db, roomNid, [...out.keys()]))
    const links = [...prev].flatMap(([by, ids]) =>
      ids.flatMap((id) => (purged.has(id) ? [{ prev: out.get(id) ?? (NO_NID as EventNid), by }] : [])),
    )
    if (links.length === 0) continue
    await markBeginnings(db, tables, purge, links)
    yield
  }
}

/** Whether events that were taken out of the graph are announced in outputs that wait. */
export async function hasOutputsOfHistory(
  db: Db,
  tables: Tables,
  purge: HistoryPurgeRecord,
): Promise<boolean> {
  for (let after = 0; ; ) {
    const page = await tables.purgedHistory.outputs(db, purge.roomNid, after, LOOK)
    const nids = page.map(({ event }) => event).filter((nid) => nid !== NO_NID)
    const ids = [...(await tables.purgedHistory.idsOf(db, nids)).values()]
    if ((await tables.purgedEvents.among(db, purge.roomNid, ids)).length > 0) return true
    const last = page.at(-1)
    if (last === undefined) return false
    after = last.seq
  }
}

/**
 * Deletes the history that was taken out of the graph, but what has to stay, a slice at a time, each in a transaction of its
 * own; yields after each. Begun again it goes on with what is left.
 *
 * @param how - `commits`: of this process; `undefined`: others store events as well. `slice`: how many rows are deleted at a time
 */
export async function* deleteHistory(
  db: Db,
  tables: Tables,
  purge: HistoryPurgeRecord,
  { commits, slice }: { readonly commits: CommitWatch | undefined; readonly slice: number },
): AsyncGenerator<void, void, void> {
  using watched = commits?.watch(purge.roomNid)
  const room = await roomOf(db, tables, purge)
  const found = await survey(db, tables, room, new Set())
  yield* deleteLogs(db, tables, purge, { ...found, slice })
  await addNamed(db, tables, room.nid, found)
  const keeper = new NeedsKeeper(tables, room, found, watched)
  // States first: an event that is evaluated again may get any that is stored, and then needs the events in it.
  yield* deleteStates(db, tables, purge, { keeper, slice })
  yield* deleteEvents(db, tables, purge, { keeper, slice, outside: found.outside })
}

async function* deleteLogs(
  db: Db,
  tables: Tables,
  { roomNid }: HistoryPurgeRecord,
  { journal, lastOutput, needs, outside, slice }: Survey & { readonly slice: number },
): AsyncGenerator<void, void, void> {
  const { purgedHistory } = tables
  while ((await purgedHistory.dropJournal(db, roomNid, journal, slice)) === slice) yield
  while ((await purgedHistory.dropOutputs(db, roomNid, lastOutput, slice)) === slice) yield
  // By the latest of all the stream is compared.
  const latest = (await tables.deliveredOutputs.range(db)).last
  for (let after = Number.MIN_SAFE_INTEGER; ; yield) {
    const page = await purgedHistory.delivered(db, after, slice)
    const last = page.at(-1)
    if (last === undefined) return
    const ours = page.filter(({ event, room }) => room === roomNid && outside.has(event))
    const gone = ours.filter(({ sequence }) => sequence !== latest).map(({ sequence }) => sequence)
    await purgedHistory.dropDelivered(db, gone)
    for (const { event, sequence } of ours) if (sequence === latest) await needs.addEvents(db, [event])
    after = last.sequence
  }
}

async function* deleteEvents(
  db: Db,
  tables: Tables,
  purge: HistoryPurgeRecord,
  {
    outside,
    slice,
    keeper,
  }: {
    readonly outside: ReadonlyMap<EventNid, OutsideEvent>
    readonly keeper: NeedsKeeper
    readonly slice: number
  },
): AsyncGenerator<void, void, void> {
  const { needs } = keeper
  // None before one that refers to it as an auth event.
  const going = [...outside.values()]
    .filter(({ nid }) => !needs.events.has(nid))
    .toSorted((a, b) => b.authLevel - a.authLevel || b.nid - a.nid)
  for (let at = 0; at < going.length; at += slice) {
    const next = going.slice(at, at + slice).map(({ nid }) => nid)
    await db.transaction().execute(async (tx) => {
      await keeper.keepUp(tx, await moved(tx, tables, purge))
      const gone = await tables.events.byNids(
        tx,
        next.filter((nid) => !needs.events.has(nid)),
      )
      const nids = gone.map(({ nid }) => nid)
      const prevEvents = new Set(gone.flatMap(({ json }) => prevEventsIn(objectIn(json) ?? {})))
      await tables.purgedRows.ofEvents(tx, nids, [...prevEvents])
      await tables.historyPurges.count(tx, purge.roomId, 0, nids.length)
      keeper.forget(nids)
    })
    yield
  }
}

async function* deleteStates(
  db: Db,
  tables: Tables,
  purge: HistoryPurgeRecord,
  { slice, keeper }: { readonly keeper: NeedsKeeper; readonly slice: number },
): AsyncGenerator<void, void, void> {
  const { needs } = keeper
  const uses = await usesOfBlocks(db, tables, purge, needs)
  const read = (after: SnapshotNid, limit: number) => tables.snapshots.ofRoom(db, purge.roomNid, after, limit)
  const list = {
    read,
    keyOf: ({ nid }: { readonly nid: SnapshotNid }) => nid,
    first: NO_NID as SnapshotNid,
    limit: slice,
  }
  for await (const page of paged(list)) {
    const candidates = page.map(({ nid }) => nid).filter((nid) => !needs.states.has(nid))
    if (candidates.length === 0) continue
    await db.transaction().execute(async (tx) => {
      await keeper.keepUp(tx, await moved(tx, tables, purge), candidates)
      const gone = page.filter(({ nid }) => !needs.states.has(nid))
      const unused: BlockNid[] = []
      for (const block of gone.flatMap(({ blocks }) => blocks)) {
        const left = (uses.get(block) ?? 0) - 1
        uses.set(block, left)
        if (left === 0 && !needs.blocks.has(block)) unused.push(block)
      }
      const nids = gone.map(({ nid }) => nid)
      await removeStates(tx, tables, nids, await ownBlocks(tx, tables, unused))
    })
    yield
  }
}

/** In how many of the states that are to go each block is. */
async function usesOfBlocks(
  db: Db,
  tables: Tables,
  { roomNid }: HistoryPurgeRecord,
  needs: Needs,
): Promise<Map<BlockNid, number>> {
  const uses = new Map<BlockNid, number>()
  for await (const page of pages((after, limit) => tables.snapshots.ofRoom(db, roomNid, after, limit)))
    for (const { nid, blocks } of page)
      if (!needs.states.has(nid)) for (const block of blocks) uses.set(block, (uses.get(block) ?? 0) + 1)
  return uses
}
