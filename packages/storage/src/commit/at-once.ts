import type { WriteSet } from '@roomserver/types'
import type { CompiledQuery } from 'kysely'
import { type BulkWrite, lastOfEach } from '../bulk.ts'
import type { InternedWrites } from '../interned-rows.ts'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { all, blocksOf } from './batch.ts'
import { combine, type Guard, ifPassed } from './combine.ts'
import { PARTS } from './parts.ts'

/** The rooms are as they were read, and nothing is known of what is taken for new. */
const SOUND = 'sound'
/** Every record is stored under the NID that it has in the write sets. */
const READY = 'ready'

/**
 * Stores write sets with one statement, and so with one round trip to the server and one wait for the disk: a
 * transaction of its own in which every table's rows are a common table expression. It goes through only when nothing
 * stands in its way; somebody else finds out what did. Interned rows may be stored then, which belong to nobody.
 *
 * @returns whether the write sets were stored
 * @throws what the database answers; then nothing was stored, or the connection was lost before it said so
 */
export async function commitAtOnce(db: Db, tables: Tables, sets: readonly WriteSet[]): Promise<boolean> {
  if (!sets.every(isIndependent)) return false
  const stages = [
    { name: SOUND, guards: [...unmoved(tables, sets), ...unknown(tables, sets)] },
    { name: READY, guards: records(tables, sets) },
  ]
  const { rows: answer } = await db.executeQuery(combine(stages, rows(tables, sets)))
  return answer.length > 0
}

/** A statement does not see what its other parts store, so a write set may not change an event that it brings. */
function isIndependent(set: WriteSet): boolean {
  if (set.updates.length === 0) return true
  const brought = new Set(set.events.map(({ nid }) => nid))
  return set.updates.every(({ nid }) => !brought.has(nid))
}

/** Every room has to be at the revision that was read; locked in one order, so that nobody locks others out. */
function unmoved(tables: Tables, sets: readonly WriteSet[]): readonly Guard[] {
  const known = sets.filter((set) => set.room.revision > 0)
  const [locked] = statements(tables.rooms.lockUnmoved, known)
  return locked === undefined ? [] : [{ changing: locked, expected: known.length }]
}

/** Nothing may be known of the events of which nothing was read; new events and rooms may not be stored. */
function unknown({ events, mentions, rooms }: Tables, sets: readonly WriteSet[]): readonly Guard[] {
  const unmentioned = new Set(all(sets, 'unmentioned'))
  const others = all(sets, 'events').flatMap(({ eventId }) => (unmentioned.has(eventId) ? [] : [eventId]))
  const fresh = sets.filter((set) => set.room.revision === 0).map(({ room }) => room.roomId)
  return [
    ...(unmentioned.size === 0 ? [] : [{ found: mentions.count([...unmentioned]), expected: 0 }]),
    ...(others.length === 0 ? [] : [{ found: events.count(others), expected: 0 }]),
    ...(fresh.length === 0 ? [] : [{ found: rooms.count(fresh), expected: 0 }]),
  ]
}

/** Every record must be new, or stored already under the NID that it has in the write set. */
function records(tables: Tables, sets: readonly WriteSet[]): readonly Guard[] {
  return [
    ...stored(tables.eventTypes, all(sets, 'eventTypes')),
    ...stored(tables.stateKeys, all(sets, 'stateKeys')),
    ...stored(tables.blocks, blocksOf(sets)),
    ...stored(tables.snapshots, all(sets, 'snapshots')),
  ]
}

function stored<T extends { readonly nid: number }>(
  table: InternedWrites<T>,
  items: readonly T[],
): readonly Guard[] {
  const once = lastOfEach(items, ({ nid }) => nid)
  const [added] = statements(table.addMissing, once, SOUND)
  const [same] = statements(table.countSame, once)
  if (added === undefined || same === undefined) return []
  return [{ changing: added, found: same, expected: once.length }]
}

function rows(tables: Tables, sets: readonly WriteSet[]): readonly CompiledQuery[] {
  const fresh = sets.filter((set) => set.room.revision === 0)
  const known = sets.filter((set) => set.room.revision > 0)
  return [
    ...statements(tables.rooms.advance, known, READY),
    ...statements(tables.rooms.add, fresh, READY),
    ...statements(tables.events.add, all(sets, 'events'), READY),
    ...PARTS.flatMap((part) => part.statements(tables, sets, ifPassed(READY))),
  ]
}

function statements<T>(into: BulkWrite<T>, items: readonly T[], stage?: string): readonly CompiledQuery[] {
  return items.length === 0 ? [] : into.statements(items, stage && ifPassed(stage))
}
