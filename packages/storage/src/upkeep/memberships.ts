import {
  EVENT_TYPE_NIDS,
  type EventNid,
  type EventRecord,
  type Membership,
  type MembershipRecord,
  NO_NID,
  type RoomNid,
  type RoomRecord,
  type StateKeyNid,
  type UserId,
} from '@roomserver/types'
import { sql } from 'kysely'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { contentText, objectIn, textIn } from './event-text.ts'
import { type Finding, finding } from './finding.ts'
import { type CurrentState, currentState } from './current-state.ts'
import { chunks, pages } from './pages.ts'

const MEMBER = EVENT_TYPE_NIDS.get('m.room.member')
const MEMBERSHIPS: readonly unknown[] = ['join', 'invite', 'knock', 'leave', 'ban'] satisfies Membership[]

/** A user of whom the table of memberships and the current state say different things; event 0: nothing. */
interface Disagreement {
  readonly user: StateKeyNid
  readonly inTable: EventNid
  readonly inState: EventNid
  /** The row, where there is one. */
  readonly row?: MemberRow
  /** What else is wrong about it, where it has the right event. */
  readonly what?: string
}

/**
 * Checks the table of memberships against the room's current state.
 *
 * @param isLocal - whether a user is one of this server's; `undefined`: nobody knows here
 */
export async function checkMemberships(
  db: Db,
  tables: Tables,
  room: RoomRecord,
  current: CurrentState | undefined,
  isLocal: ((userId: UserId) => boolean) | undefined,
  report: (finding: Finding) => void,
): Promise<void> {
  for await (const chunk of chunks(await disagreements(db, tables, room, current, isLocal))) {
    const users = await tables.stateKeys.byNids(
      db,
      chunk.map(({ user }) => user),
    )
    const events = await tables.events.byNids(
      db,
      chunk.flatMap(({ inTable, inState }) => [inTable, inState]),
    )
    for (const { user, inTable, inState, what } of chunk) {
      const said = objectIn(events.find(({ nid }) => nid === inState)?.json ?? '') ?? {}
      const known = users.find(({ nid }) => nid === user)?.text ?? textIn(said, 'state_key')
      const name = known ?? 'a user whose ID is not stored'
      const idOf = (nid: EventNid): string =>
        nid === NO_NID
          ? 'nothing'
          : (events.find((event) => event.nid === nid)?.eventId ?? 'an event that is not stored')
      const wrong = what ?? `has ${idOf(inTable)}, but the current state has ${idOf(inState)}`
      report(finding(room.roomId, 'membership', `the table of memberships, for ${name}, ${wrong}`))
    }
  }
}

/** The servers whose users are noted as this server's: one, where nothing is wrong. */
export async function localServers(
  db: Db,
): Promise<readonly { readonly server: string; readonly users: number }[]> {
  const { rows } = await sql<{
    server: string
    users: number
  }>`select server, count(*) as users from memberships where local = 1 group by server`.execute(db)
  return rows
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
    const wrong = await disagreements(tx, tables, room, await currentState(tx, tables, room), isLocal)
    for await (const chunk of chunks(wrong)) {
      const events = await tables.events.byNids(
        tx,
        chunk.map(({ inState }) => inState),
      )
      const users = await tables.stateKeys.byNids(
        tx,
        chunk.map(({ user }) => user),
      )
      const named = chunk.filter(({ user }) => users.some(({ nid }) => nid === user))
      const records = named.map((one) => recordOf(nid, one, events, users, isLocal))
      await tables.memberships.put.run(
        tx,
        records.map((record) => ({ record, userId: undefined })),
      )
      // Nobody can be asked about who has no user ID, and the state does not know them either.
      for (const one of chunk)
        if (!named.includes(one) && one.inState === NO_NID) await tables.memberships.remove(tx, nid, one.user)
    }
    return wrong.length
  })
}

function recordOf(
  roomNid: RoomNid,
  { user, inTable, inState, row }: Disagreement,
  events: readonly EventRecord[],
  users: readonly { readonly nid: StateKeyNid; readonly text: UserId }[],
  isLocal: (userId: UserId) => boolean,
): MembershipRecord {
  const event = events.find(({ nid }) => nid === inState)
  const userId = users.find(({ nid }) => nid === user)?.text ?? ''
  // What a user is by no event of the room's state is kept.
  const isOutside = inState === NO_NID && inTable === NO_NID
  const membership =
    event === undefined ? ((isOutside ? row?.membership : undefined) ?? 'leave') : membershipIn(event)
  const forgotten = inTable === inState && row?.forgotten === true
  return { roomNid, user, membership, event: inState, local: isLocal(userId), forgotten }
}

function membershipIn(event: EventRecord): Membership {
  const membership: unknown = contentText(objectIn(event.json) ?? {}, 'membership')
  return MEMBERSHIPS.includes(membership) ? (membership as Membership) : 'leave'
}

async function disagreements(
  db: Db,
  tables: Tables,
  room: RoomRecord,
  current: CurrentState | undefined,
  isLocal: ((userId: UserId) => boolean) | undefined,
): Promise<readonly Disagreement[]> {
  if (current === undefined) return []
  const members = new Map(current.ofType(MEMBER))
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
        if (event?.verdict !== 'outlier') found.push({ user, inTable, inState, row })
        continue
      }
      const what = wrongInRow(row, event, users.find(({ nid }) => nid === user)?.text, isLocal)
      if (what !== undefined) found.push({ user, inTable, inState, row, what })
    }
  }
  for (const [user, inState] of members) found.push({ user, inTable: NO_NID, inState })
  return found
}

/** Where a row has the right event, and yet says something else than that, or of another server. */
function wrongInRow(
  { membership, server, local }: MemberRow,
  event: EventRecord | undefined,
  userId: UserId | undefined,
  isLocal: ((userId: UserId) => boolean) | undefined,
): string | undefined {
  if (userId === undefined) return 'has no user ID'
  const own = userId.slice(userId.indexOf(':') + 1)
  if (own !== server) return `has ${JSON.stringify(server)} as the server`
  if (isLocal !== undefined && isLocal(userId) !== local)
    return `says that the user is ${local ? '' : 'not '}one of this server`
  if (event === undefined) return membership === undefined ? 'has an unknown membership' : undefined
  const said = membershipIn(event)
  return said === membership
    ? undefined
    : `says ${membership ?? 'an unknown membership'}, but ${event.eventId} says ${said}`
}

interface MemberRow {
  readonly membership: Membership | undefined
  readonly server: string
  readonly local: boolean
  readonly forgotten: boolean
}
