import {
  type EventNid,
  type Membership,
  type MembershipRecord,
  NO_NID,
  type RoomRecord,
  type UserId,
} from '@roomserver/types'
import { expect, it } from 'vitest'
import type { ContractStore } from './contract-store.ts'
import { newKey, commitOne, storedRoom, writeSet } from './sample.ts'

const [ANNE, BEN, CARL] = ['@anne:a.example', '@ben:b.example', '@carl_x:a.example:8448'] as const

/** Stores who is what in a room; events get NIDs from 70,000 on. */
async function put(
  store: ContractStore,
  room: RoomRecord,
  members: Readonly<Record<UserId, Membership>>,
): Promise<RoomRecord> {
  const memberships: MembershipRecord[] = []
  const stateKeys = []
  for (const [user, membership] of Object.entries(members)) {
    const key = await newKey(store, user)
    stateKeys.push(key)
    const event = (70_000 + memberships.length) as EventNid
    const local = user.endsWith('a.example')
    memberships.push({ roomNid: room.nid, user: key.nid, membership, event, local, forgotten: false })
  }
  return await commitOne(store, writeSet(room, { stateKeys, memberships }))
}

/** Who is where, over rooms. */
export function membershipContract(open: () => Promise<ContractStore>): void {
  it("keeps one membership a user and follows the user's last", async () => {
    await using store = await open()
    const room = await put(store, await storedRoom(store), { [ANNE]: 'invite' })
    expect(await store.membership(room.nid, ANNE)).toMatchObject({ membership: 'invite', local: true })
    await put(store, room, { [ANNE]: 'join' })
    expect(await store.membership(room.nid, ANNE)).toMatchObject({ membership: 'join', forgotten: false })
    await store.setForgotten(room.nid, ANNE, true)
    expect(await store.membership(room.nid, ANNE)).toMatchObject({ membership: 'join', forgotten: true })
    expect(await store.membership(room.nid, BEN)).toBeUndefined()
  })

  it('lists the members of a room, all or some', async () => {
    await using store = await open()
    const room = await put(store, await storedRoom(store), { [ANNE]: 'join', [BEN]: 'ban', [CARL]: 'join' })
    const users = async (filter?: Parameters<ContractStore['membershipsOfRoom']>[1]): Promise<UserId[]> =>
      (await store.membershipsOfRoom(room.nid, filter)).map(({ userId }) => userId).toSorted()
    expect(await users()).toEqual([ANNE, BEN, CARL])
    expect(await users({ membership: 'join' })).toEqual([ANNE, CARL])
    expect(await users({ membership: 'join', localOnly: true })).toEqual([ANNE])
    expect(await users({ membership: 'knock' })).toEqual([])
  })

  it('pages through the events of memberships, all or some', async () => {
    await using store = await open()
    const room = await put(store, await storedRoom(store), { [ANNE]: 'join', [BEN]: 'ban', [CARL]: 'join' })
    await store.setForgotten(room.nid, CARL, true)
    const all = (await store.membershipsOfRoom(room.nid))
      .toSorted((a, b) => a.user - b.user)
      .map(({ user, event, forgotten }) => ({ user, event, forgotten }))
    const first = await store.membershipEvents(room.nid, {}, { after: NO_NID, limit: 2 })
    expect(first).toEqual(all.slice(0, 2))
    const rest = { after: first[1]?.user ?? NO_NID, limit: 2 }
    expect(await store.membershipEvents(room.nid, {}, rest)).toEqual(all.slice(2))
    const filter = { membership: 'join', localOnly: true } as const
    const local = await store.membershipEvents(room.nid, filter, { after: NO_NID, limit: 9 })
    expect(local.map(({ user }) => user)).toEqual([(await store.membership(room.nid, ANNE))?.user])
  })

  it('knows the servers in a room by the users that are joined', async () => {
    await using store = await open()
    const room = await put(store, await storedRoom(store), { [ANNE]: 'join', [BEN]: 'leave', [CARL]: 'join' })
    expect(await store.joinedServers(room.nid)).toEqual(['a.example', 'a.example:8448'])
    expect(await store.serverInRoom(room.nid, 'a.example')).toBe(true)
    expect(await store.serverInRoom(room.nid, 'b.example')).toBe(false)
    const ben = await store.membership(room.nid, BEN)
    expect(await store.usersOfServer(room.nid, 'b.example')).toEqual([ben?.user])
    expect(await store.usersOfServer(room.nid, 'c.example')).toEqual([])
  })

  it('lists the rooms of a user', async () => {
    await using store = await open()
    const one = await put(store, await storedRoom(store), { [ANNE]: 'join' })
    const two = await put(store, await storedRoom(store), { [ANNE]: 'leave', [BEN]: 'join' })
    expect(await store.roomsOfUser(ANNE)).toEqual([
      { roomNid: one.nid, roomId: one.roomId, membership: 'join', forgotten: false },
      { roomNid: two.nid, roomId: two.roomId, membership: 'leave', forgotten: false },
    ])
    expect(await store.roomsOfUser(ANNE, { membership: 'leave' })).toHaveLength(1)
    await store.setForgotten(two.nid, ANNE, true)
    expect((await store.roomsOfUser(ANNE)).map(({ forgotten }) => forgotten)).toEqual([false, true])
    expect(await store.roomsOfUser('@nobody:a.example')).toEqual([])
  })

  it('counts the rooms that users share', async () => {
    await using store = await open()
    await put(store, await storedRoom(store, '!1'), { [ANNE]: 'join', [BEN]: 'join' })
    await put(store, await storedRoom(store, '!2'), { [ANNE]: 'join', [BEN]: 'join', [CARL]: 'invite' })
    await put(store, await storedRoom(store, '!3'), { [BEN]: 'join', [CARL]: 'join' })
    const shared = async (
      filter: Parameters<ContractStore['sharedUsers']>[1],
    ): Promise<Record<UserId, number>> => Object.fromEntries(await store.sharedUsers(ANNE, filter))
    expect(await shared({})).toEqual({ [ANNE]: 2, [BEN]: 2 })
    expect(await shared({ others: [BEN, CARL] })).toEqual({ [BEN]: 2 })
    expect(await shared({ excludeRooms: ['!1'] })).toEqual({ [ANNE]: 1, [BEN]: 1 })
    expect(await shared({ includeRooms: ['!3', '!1'] })).toEqual({ [ANNE]: 2, [BEN]: 3, [CARL]: 1 })
    expect(await shared({ excludeRooms: ['!1', '!2'] })).toEqual({})
  })

  it('finds users by a part of their ID among those who share a room', async () => {
    await using store = await open()
    await put(store, await storedRoom(store), { [ANNE]: 'join', [BEN]: 'join', [CARL]: 'join' })
    await put(store, await storedRoom(store), { '@stranger:a.example': 'join' })
    const known = async (search: string, limit = 10): Promise<UserId[]> =>
      (await store.knownUsers(ANNE, search, limit)).map(({ userId }) => userId)
    expect(await known('example')).toEqual([ANNE, BEN, CARL])
    expect(await known('example', 2)).toEqual([ANNE, BEN])
    expect(await known('carl_x')).toEqual([CARL])
    expect(await known('c_rl')).toEqual([])
    expect(await store.knownUsers(ANNE, '@ben', 1)).toEqual([{ userId: BEN, event: 70_001 }])
  })

  it('keeps an invite until it is retired', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const [target, sender] = [await newKey(store, ANNE), await newKey(store, BEN)]
    const invite = { roomNid: room.nid, event: 70_000 as EventNid, target: target.nid, sender: sender.nid }
    const stored = await commitOne(store, writeSet(room, { stateKeys: [target, sender], invites: [invite] }))
    expect(await store.invite(invite.event)).toEqual({ ...invite, retiredBy: undefined })
    expect(await store.pendingInvites(room.nid, ANNE)).toEqual([
      { ...invite, retiredBy: undefined, senderId: BEN },
    ])
    const retired = { ...invite, retiredBy: 0 as EventNid }
    await commitOne(store, writeSet(stored, { invites: [invite, retired] }))
    expect(await store.pendingInvites(room.nid, ANNE)).toEqual([])
    expect(await store.invite(invite.event)).toEqual(retired)
  })
}
