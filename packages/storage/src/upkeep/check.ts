import {
  type EventRecord,
  isFailure,
  newRoom,
  type RoomId,
  type RoomNid,
  type RoomRecord,
  RoomserverError,
  type RoomVersionId,
  type SnapshotNid,
  type UserId,
} from '@roomserver/types'
import { sql } from 'kysely'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { checkEvents } from './check-events.ts'
import { checkJournal } from './check-journal.ts'
import { checkOutputs } from './check-outputs.ts'
import { checkState, type ContentHashes } from './check-state.ts'
import { currentState } from './current-state.ts'
import { type Finding, finding } from './finding.ts'
import { checkMemberships } from './memberships.ts'
import { pages } from './pages.ts'

/** How often a room is read again that moves on while it is checked. */
const ATTEMPTS = 3

/** What checking knows of its surroundings. */
export interface CheckContext extends ContentHashes {
  /** Whether a user is one of this server's; left out: what is stored of that is not checked. */
  readonly isLocal?: (userId: UserId) => boolean
  /**
   * Whether the text of an event is as its author made it, by its ID and its content hash; rows are made what it says only
   * then. Left out: they are not.
   */
  readonly isIntact?: (event: EventRecord, version: RoomVersionId) => boolean
}

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
 * Checks every room: that references are whole, blocks sorted and hashes right, that rows say what the texts of the events
 * say, and that extremities, memberships, journal and outputs agree with events and state. Others can go on using the store.
 */
export async function* checkRooms(
  db: Db,
  tables: Tables,
  context: CheckContext,
): AsyncGenerator<RoomCheck, void, void> {
  const read = async (after: number, limit: number) =>
    (
      await sql<{ nid: RoomNid; room_id: RoomId }>`select nid, room_id from rooms where nid > ${after}
        order by nid limit ${limit}`.execute(db)
    ).rows
  for await (const page of pages(read)) {
    for (const { nid, room_id: roomId } of page) {
      try {
        yield await checkRoom(db, tables, context, nid)
      } catch (error) {
        // It was purged meanwhile.
        if (isFailure(error, 'ROOM_NOT_FOUND')) continue
        if (!isFailure(error, 'STORE_DAMAGED')) throw error
        const findings = [finding(roomId, 'room', `the room cannot be checked: ${error.message}`)]
        yield { room: newRoom({ nid, roomId, version: '' }), findings, unreferenced: [], isSettled: true }
      }
    }
  }
}

/**
 * Checks one room; one that moves on meanwhile is checked again, so that nothing is found that is not there.
 *
 * @throws {RoomserverError} STORE_DAMAGED when its rows cannot be read; ROOM_NOT_FOUND when it is not stored, or not any more
 */
export async function checkRoom(
  db: Db,
  tables: Tables,
  context: CheckContext,
  nid: RoomNid,
): Promise<RoomCheck> {
  let roomId = `number ${nid}`
  for (let attempt = 1; ; attempt++) {
    const [room] = await tables.rooms.byNids(db, [nid])
    if (room === undefined)
      throw new RoomserverError('ROOM_NOT_FOUND', { roomId }, `room ${roomId} is not stored, or not any more`)
    roomId = room.roomId
    const { findings, unreferenced } = await findingsIn(db, tables, context, room)
    const [after] = await tables.rooms.byNids(db, [nid])
    const isSettled = after?.revision === room.revision
    if (isSettled || attempt >= ATTEMPTS) return { room, findings, unreferenced, isSettled }
  }
}

/** What is wrong with a room as it was read. */
export async function findingsIn(
  db: Db,
  tables: Tables,
  context: CheckContext,
  room: RoomRecord,
): Promise<Pick<RoomCheck, 'findings' | 'unreferenced'>> {
  const findings: Finding[] = []
  const report = (found: Finding): void => void findings.push(found)
  const state = await checkState(db, tables, room, context)
  const current = await currentState(db, tables, room)
  const used = await checkEvents(db, tables, room, { ...context, state, current }, report)
  await checkMemberships(db, tables, room, current, context.isLocal, report)
  await checkJournal(db, tables, room, current, report)
  await checkOutputs(db, room, report)
  return { findings, unreferenced: [...state.stored].filter((snapshot) => !used.has(snapshot)) }
}
