import {
  type BlockRecord,
  EVENT_TYPE_NIDS,
  type EventNid,
  type EventRecord,
  isFailure,
  isJsonObject,
  type JsonValue,
  type Membership,
  type MembershipRecord,
  NO_NID,
  type RoomNid,
  type RoomRecord,
  type SnapshotRecord,
  type StateKeyNid,
  type UserId,
} from '@roomserver/types'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { type Finding, finding } from './finding.ts'
import { BLOCKS_AT_A_TIME } from './check-state.ts'
import { chunks, pages } from './pages.ts'

const MEMBER = EVENT_TYPE_NIDS.get('m.room.member')
const MEMBERSHIPS: readonly unknown[] = ['join', 'invite', 'knock', 'leave', 'ban'] satisfies Membership[]

/** A user of whom the table of memberships and the current state say different things; event 0: nothing. */
interface Disagreement {
  readonly user: StateKeyNid
  readonly inTable: EventNid
  readonly inState: EventNid
}

/** Checks the table of memberships against the room's current state. */
export async function checkMemberships(
  db: Db,
  tables: Tables,
  room: RoomRecord,
  report: (finding: Finding) => void,
): Promise<void> {
  for (const { user, inTable, inState } of await disagreements(db, tables, room)) {
    const said = inTable === NO_NID ? 'says nothing' : `has event NID ${inTable}`
    const what = `of state key NID ${user}, the table of memberships ${said}, the current state has ${inState}`
    report(finding(room.roomId, 'membership', what))
  }
}

/**
 * Takes the table of memberships over from a room's current state where the two disagree.
 *
 * @param isLocal - whether a user is one of this server's
 * @returns how many users it was wrong about; `undefined` when the room moved on meanwhile
 */
export async function repairMemberships(
  db: Db,
  tables: Tables,
  nid: RoomNid,
  isLocal: (userId: UserId) => boolean,
): Promise<number | undefined> {
  return await db.transaction().execute(async (tx) => {
    const [room] = await tables.rooms.byNids(tx, [nid])
    if (room === undefined || !(await tables.rooms.touch(tx, nid, room.revision))) return undefined
    const wrong = await disagreements(tx, tables, room)
    for await (const chunk of chunks(wrong)) {
      const events = await tables.events.byNids(
        tx,
        chunk.map(({ inState }) => inState),
      )
      const users = await tables.stateKeys.byNids(
        tx,
        chunk.map(({ user }) => user),
      )
      const records = chunk.map((one) => recordOf(nid, one, events, users, isLocal))
      await tables.memberships.put.run(
        tx,
        records.map((record) => ({ record, userId: undefined })),
      )
    }
    return wrong.length
  })
}

function recordOf(
  roomNid: RoomNid,
  { user, inState }: Disagreement,
  events: readonly EventRecord[],
  users: readonly { readonly nid: StateKeyNid; readonly text: UserId }[],
  isLocal: (userId: UserId) => boolean,
): MembershipRecord {
  const event = events.find(({ nid }) => nid === inState)
  const userId = users.find(({ nid }) => nid === user)?.text ?? ''
  const membership = event === undefined ? 'leave' : membershipIn(event)
  return { roomNid, user, membership, event: inState, local: isLocal(userId), forgotten: false }
}

function membershipIn(event: EventRecord): Membership {
  const value: JsonValue = JSON.parse(event.json)
  const content = isJsonObject(value) && isJsonObject(value['content']) ? value['content'] : {}
  const membership = content['membership']
  return MEMBERSHIPS.includes(membership) ? (membership as Membership) : 'leave'
}

async function disagreements(db: Db, tables: Tables, room: RoomRecord): Promise<readonly Disagreement[]> {
  const members = await currentMembers(db, tables, room)
  if (members === undefined) return []
  const found: Disagreement[] = []
  for await (const page of pages((after, limit) => tables.memberships.page(db, room.nid, after, limit))) {
    for (const { nid: user, event: inTable } of page) {
      const inState = members.get(user) ?? NO_NID
      members.delete(user)
      if (inTable === inState || (await isOutside(db, tables, inTable))) continue
      found.push({ user, inTable, inState })
    }
  }
  for (const [user, inState] of members) found.push({ user, inTable: NO_NID, inState })
  return found
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
  for await (const chunk of chunks(snapshot.blocks, BLOCKS_AT_A_TIME))
    found.push(...(await tables.blocks.byNids(db, chunk)))
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
