import type { RoomNid, RoomRecord, SnapshotNid } from '@roomserver/types'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { checkEvents } from './check-events.ts'
import { checkOutputs } from './check-outputs.ts'
import { checkState, type ContentHashes } from './check-state.ts'
import type { Finding } from './finding.ts'
import { checkMemberships } from './memberships.ts'
import { pages } from './pages.ts'

/** How often a room is read again that moves on while it is checked. */
const ATTEMPTS = 3

/** What was found in a room. */
export interface RoomCheck {
  readonly room: RoomRecord
  readonly findings: readonly Finding[]
  /** Snapshots that neither an event of the room nor the room itself refers to. */
  readonly unreferenced: readonly SnapshotNid[]
  /** False: the room moved on during every attempt, so what was found may be due to that. */
  readonly isSettled: boolean
}

/**
 * Checks every room: that references are whole, blocks sorted and hashes right, and that extremities, memberships and
 * outputs agree with events and state. Others can go on using the store.
 */
export async function* checkRooms(
  db: Db,
  tables: Tables,
  hashes: ContentHashes,
): AsyncGenerator<RoomCheck, void, void> {
  for await (const page of pages((after, limit) => tables.rooms.page(db, after as RoomNid, limit))) {
    for (const room of page) yield await checkRoom(db, tables, hashes, room.nid)
  }
}

/** Checks one room; one that moves on meanwhile is checked again, so that nothing is found that is not there. */
export async function checkRoom(
  db: Db,
  tables: Tables,
  hashes: ContentHashes,
  nid: RoomNid,
): Promise<RoomCheck> {
  for (let attempt = 1; ; attempt++) {
    const [room] = await tables.rooms.byNids(db, [nid])
    if (room === undefined) throw new Error(`there is no room ${nid}`)
    const findings: Finding[] = []
    const report = (found: Finding): void => void findings.push(found)
    const snapshots = await checkState(db, tables, room, hashes, report)
    const used = await checkEvents(db, tables, room, snapshots, report)
    await checkMemberships(db, tables, room, report)
    await checkOutputs(db, tables, room, report)
    const [after] = await tables.rooms.byNids(db, [nid])
    const isSettled = after?.revision === room.revision
    const unreferenced = [...snapshots].filter((snapshot) => !used.has(snapshot))
    if (isSettled || attempt >= ATTEMPTS) return { room, findings, unreferenced, isSettled }
  }
}
