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
  /** What else is wrong about the row, where it has the right event. */
  readonly what?: string
}

/** Checks the table of memberships against the room's current state. */
export async function checkMemberships(
  db: Db,
  tables: Tables,
  room: RoomRecord,
  report: (finding: Finding) => void,
): Promise<void> {
  for await (const chunk of chunks(await disagreements(db, tables, room))) {
    const users = await tables.stateKeys.byNids(
      db,
      chunk.map(({ user }) => user),
    )
    const events = await tables.events.byNids(
      db,
      chunk.flatMap(({ inTable, inState }) => [inTable, inState]),
    )
    for (const { user, inTable, inState, what } of chunk) {
      const name = users.find(({ nid }) => nid === user)?.text ?? 'a user whose ID is not stored'
      const idOf = (nid: EventNid): string =>
        nid === NO_NID
          ? 'nothing'
          : (events.find((event) => event.nid === nid)?.eventId ?? 'an event that is not stored')
      const said = what ?? `has ${idOf(inTable)}, and the current state ${idOf(inState)}`
      report(finding(room.roomId, 'membership', `of ${name} the table of memberships ${said}`))
    }
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
    const events = await tables.events.byNids(
      db,
      page.map(({ event }) => event),
    )
    const users = await tables.stateKeys.byNids(
      db,
      page.map(({ nid }) => nid),
    )
    for (const row of page) {
      const { nid: user, event: inTable } = row
      const inState = members.get(user) ?? NO_NID
      members.delete(user)
      const event = events.find(({ nid }) => nid === inTable)
      if (inTable !== inState) {
        if (event?.verdict !== 'outlier') found.push({ user, inTable, inState })
        continue
      }
      const what = wrongInRow(row, event, users.find(({ nid }) => nid === user)?.text)
      if (what !== undefined) found.push({ user, inTable, inState, what })
    }
  }
  for (const [user, inState] of members) found.push({ user, inTable: NO_NID, inState })
  return found
}

/** Where a row has the right event, and yet says something else than that, or of another server. */
function wrongInRow(
  { membership, server }: { readonly membership: Membership | undefined; readonly server: string },
  event: EventRecord | undefined,
  userId: UserId | undefined,
): string | undefined {
  if (event === undefined || userId === undefined) return undefined
  const said = membershipIn(event)
  if (said !== membership) return `says ${membership ?? 'nothing known'}, and ${event.eventId} says ${said}`
  const own = userId.slice(userId.indexOf(':') + 1)
  return own === server ? undefined : `has ${JSON.stringify(server)} as the server`
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
