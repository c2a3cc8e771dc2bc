import {
  type BlockRecord,
  EVENT_TYPE_NIDS,
  type EventNid,
  isFailure,
  NO_NID,
  type RoomRecord,
  type SnapshotRecord,
  type StateKeyNid,
} from '@roomserver/types'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { type Finding, finding } from './finding.ts'
import { chunks } from './pages.ts'

const MEMBER = EVENT_TYPE_NIDS.get('m.room.member')

/** Checks the table of memberships against the room's current state. */
export async function checkMemberships(
  db: Db,
  tables: Tables,
  room: RoomRecord,
  report: (finding: Finding) => void,
): Promise<void> {
  const members = await currentMembers(db, tables, room)
  if (members === undefined) return
  const rows = await tables.memberships.ofRoom(db, room.nid, undefined, false)
  for (const row of rows) {
    const expected = members.get(row.user) ?? NO_NID
    members.delete(row.user)
    if (row.event === expected || (await isOutside(db, tables, row.event))) continue
    const what = `the membership of ${row.userId} is taken from event NID ${row.event}, the current state has ${expected}`
    report(finding(room.roomId, 'membership', what))
  }
  for (const [user, event] of members) {
    const what = `the current state has membership event NID ${event} for state key NID ${user}, the table has nothing`
    report(finding(room.roomId, 'membership', what))
  }
}

/** An invite from elsewhere, for instance, stands in the table and not in the state. */
async function isOutside(db: Db, tables: Tables, nid: EventNid): Promise<boolean> {
  const [event] = await tables.events.byNids(db, [nid])
  return event?.verdict === 'outlier'
}

/** The member events of the current state; undefined where it cannot be read, which is found elsewhere. */
async function currentMembers(
  db: Db,
  tables: Tables,
  room: RoomRecord,
): Promise<Map<StateKeyNid, EventNid> | undefined> {
  try {
    const [snapshot] = await tables.snapshots.byNids(db, [room.current])
    return snapshot === undefined ? undefined : membersIn(snapshot, await blocksOf(db, tables, snapshot))
  } catch (error) {
    if (isFailure(error, 'STORE_DAMAGED')) return undefined
    throw error
  }
}

async function blocksOf(db: Db, tables: Tables, snapshot: SnapshotRecord): Promise<readonly BlockRecord[]> {
  const found: BlockRecord[] = []
  for (const chunk of chunks(snapshot.blocks)) found.push(...(await tables.blocks.byNids(db, chunk)))
  return found
}

function membersIn(snapshot: SnapshotRecord, blocks: readonly BlockRecord[]): Map<StateKeyNid, EventNid> {
  const byNid = new Map(blocks.map((block) => [block.nid, block]))
  const members = new Map<StateKeyNid, EventNid>()
  for (const nid of snapshot.blocks) {
    const entries = byNid.get(nid)?.entries ?? new Float64Array()
    for (let at = 0; at + 2 < entries.length; at += 3) {
      if (entries[at] !== MEMBER) continue
      const user = entries[at + 1] as StateKeyNid
      if (entries[at + 2] === NO_NID) members.delete(user)
      else members.set(user, entries[at + 2] as EventNid)
    }
  }
  return members
}

/** Checks that the outputs that are kept follow on each other up to the room's latest. */
export async function checkOutputs(
  db: Db,
  tables: Tables,
  room: RoomRecord,
  report: (finding: Finding) => void,
): Promise<void> {
  const { count, first, last, orphans } = await tables.outputs.span(db, room.nid)
  if (count === 0) return
  if (last !== room.outputSeq) {
    report(finding(room.roomId, 'output', `the latest output is ${last}, the room counts ${room.outputSeq}`))
  }
  if (last - first + 1 !== count) {
    report(finding(room.roomId, 'output', `outputs ${first} to ${last} are kept, but only ${count} of them`))
  }
  if (orphans > 0)
    report(finding(room.roomId, 'output', `${orphans} outputs carry an event that is not stored`))
}
