import {
  type BlockNid,
  type BlockRecord,
  EMPTY_STATE_KEY_NID,
  type EventNid,
  type EventTypeNid,
  type MembershipRecord,
  NO_NID,
  type RoomRecord,
  type SnapshotNid,
  type StateKeyNid,
  type WriteSet,
} from '@roomserver/types'
import { expect, it } from 'vitest'
import type { Storage } from '../../src/index.ts'
import { newEvent, newKey, newRoom, newOutput, commitOne, writeSet } from '@roomserver/storage-contract'
import { block, build, CREATE, findings, hashes, MEMBER, NOWHERE, snapshot } from './upkeep.ts'

const TOPIC = 9 as EventTypeNid

/** Most events here are made up, and stand for others: what their texts say is held by the tests of damaged stores. */
const MADE_UP =
  /^the event of the entry .* of the current state is not stored$|^the room has depth|^the last sent event is not the event of the latest output$|^output \d+ has (?:a body|an event where its kind)/

/** What a check says of how rooms hang together. */
async function structure(store: Storage): Promise<Awaited<ReturnType<typeof findings>>> {
  return (await findings(store)).filter(({ kind, what }) => kind !== 'record' && !MADE_UP.test(what))
}

/** The same of the only room, in sentences. */
async function whatIsWrong(store: Storage): Promise<readonly string[]> {
  return (await structure(store)).map(({ what }) => what)
}

/** Gives a room a snapshot with these blocks beside its own, which an event refers to. */
async function withBlocks(store: Storage, room: RoomRecord, blocks: readonly BlockRecord[]): Promise<void> {
  const extra = await snapshot(store, room, ...blocks)
  const event = await newEvent(store, room, { before: extra.nid, after: extra.nid, json: '{}' })
  const parts = { events: [event], snapshots: [extra], blocks }
  await commitOne(store, writeSet(room, parts))
}

/** A room whose current state is made of these blocks; `members` is its table of memberships. */
async function roomOf(
  store: Storage,
  make: (room: RoomRecord, key: (userId: string) => Promise<StateKeyNid>) => Promise<RoomParts>,
): Promise<RoomRecord> {
  const room = await newRoom(store)
  const stateKeys: WriteSet['stateKeys'][number][] = []
  const key = async (userId: string) => {
    const interned = await newKey(store, userId)
    if (!stateKeys.some(({ text }) => text === userId)) stateKeys.push(interned)
    return interned.nid
  }
  const { blocks, events, memberships } = await make(room, key)
  const current = await snapshot(store, room, ...blocks)
  const last = await newEvent(store, room, { before: current.nid, after: current.nid, json: '{}' })
  const next = { ...room, current: current.nid, extremities: [last.nid] }
  const parts = { next, stateKeys, blocks, snapshots: [current], events: [...events, last], memberships }
  return await commitOne(store, writeSet(room, parts))
}

interface RoomParts {
  readonly blocks: readonly BlockRecord[]
  readonly events: WriteSet['events']
  readonly memberships: readonly MembershipRecord[]
}

/** Member events, outside the graph as far as a check is concerned. */
async function memberEvent(store: Storage, room: RoomRecord, membership: unknown) {
  return await newEvent(store, room, { typeNid: MEMBER, json: JSON.stringify({ content: { membership } }) })
}

/** Limits, and blocks that hold more than members: what checks find, and what they do not. */
export function checkContract(open: () => Promise<Storage>): void {
  it.each<readonly [string, readonly number[], string | undefined]>([
    ['two entries of one type', [CREATE, 1, 70_000, TOPIC, 1, 70_001, TOPIC, 2, 70_002], undefined],
    ['a smaller state key under a larger type', [CREATE, 9, 70_000, TOPIC, 1, 70_001], undefined],
    ['nothing in it', [], undefined],
    ['one entry twice', [CREATE, 1, 70_000, CREATE, 1, 70_001], 'has a block that is not sorted'],
    ['its last entry twice', [CREATE, 1, 1, TOPIC, 1, 1, TOPIC, 1, 2], 'has a block that is not sorted'],
  ])('judges a block with %s by the order of its entries', async (_what, entries, wrong) => {
    await using store = await open()
    const odd = await block(store, ...entries)
    await withBlocks(store, await build(store), [odd])
    expect(await whatIsWrong(store)).toEqual(
      wrong === undefined ? [] : [expect.stringMatching(`^the state at event \\S+ ${wrong}$`)],
    )
  })

  it('takes a snapshot of 64 blocks, and finds one of 65', async () => {
    await using store = await open()
    const blocks: BlockRecord[] = []
    for (let at = 0; at < 65; at++) blocks.push(await block(store, TOPIC, at + 1, 70_000))
    const room = await build(store)
    await withBlocks(store, room, blocks.slice(0, 64))
    expect(await whatIsWrong(store)).toEqual([])
    const long = await snapshot(store, room, ...blocks)
    const [now] = await store.roomsByNid([room.nid])
    await commitOne(store, writeSet(now ?? room, { blocks: blocks.slice(64), snapshots: [long] }))
    expect(await whatIsWrong(store)).toEqual(['a state that no event refers to has 65 blocks, more than 64'])
  })

  it('says how many blocks a snapshot lacks, and finds the snapshot once', async () => {
    await using store = await open()
    const room = await build(store)
    const lacking = { ...(await snapshot(store, room)), blocks: [NOWHERE, NOWHERE + 1] as BlockNid[] }
    await commitOne(store, writeSet(room, { snapshots: [{ ...lacking, hash: 'e'.repeat(32) }] }))
    expect(await whatIsWrong(store)).toEqual(['a state that no event refers to lacks 2 of its 2 blocks'])
  })

  it('reads members among entries of other types, before them and behind them, the last block counting', async () => {
    await using store = await open()
    const [ANNE, BEN, CARL] = ['@anne:a.example', '@ben:b.example', '@carl:c.example']
    const room = await roomOf(store, async (room, key) => {
      const [anne, ben, carl] = [await key(ANNE), await key(BEN), await key(CARL)]
      const [join, invite, ban] = [
        await memberEvent(store, room, 'join'),
        await memberEvent(store, room, 'invite'),
        await memberEvent(store, room, 'ban'),
      ]
      const [first, second] = [
        [CREATE, EMPTY_STATE_KEY_NID, 70_000, MEMBER, anne, invite.nid, MEMBER, ben, join.nid],
        [MEMBER, carl, join.nid, TOPIC, EMPTY_STATE_KEY_NID, 70_001],
      ]
      const later = [CREATE, EMPTY_STATE_KEY_NID, 70_002, MEMBER, anne, ban.nid, MEMBER, ben, NO_NID]
      const blocks = [await block(store, ...first, ...second), await block(store, ...later)]
      return { blocks, events: [join, invite, ban], memberships: [] }
    })
    expect(await structure(store)).toHaveLength(2)
    expect(await store.repairMemberships(room.nid, (userId) => userId === ANNE)).toBe(2)
    expect(await store.membershipsOfRoom(room.nid)).toHaveLength(2)
    expect(await store.membership(room.nid, ANNE)).toMatchObject({ membership: 'ban', local: true })
    expect(await store.membership(room.nid, CARL)).toMatchObject({ membership: 'join', local: false })
    expect(await structure(store)).toEqual([])
  })

  it('makes a membership anew as a whole: with what the state says, and not forgotten', async () => {
    await using store = await open()
    const room = await roomOf(store, async (room, key) => {
      const anne = await key('@anne:a.example')
      const invite = await memberEvent(store, room, 'invite')
      const old = { roomNid: room.nid, user: anne, membership: 'leave', event: NOWHERE as EventNid } as const
      return {
        blocks: [await block(store, MEMBER, anne, invite.nid)],
        events: [invite],
        memberships: [{ ...old, local: true, forgotten: true }],
      }
    })
    const before = await store.membership(room.nid, '@anne:a.example')
    expect(before).toMatchObject({ membership: 'leave', local: true, forgotten: true })
    const asked: string[] = []
    const isLocal = (userId: string) => asked.push(userId) > 1
    expect(await store.repairMemberships(room.nid, isLocal)).toBe(1)
    const [named] = await store.membershipsOfRoom(room.nid)
    const [snapshotOf] = await store.snapshots([room.current])
    const [{ entries } = { entries: [] }] = await store.blocks(snapshotOf?.blocks ?? [])
    expect(named).toEqual({
      ...before,
      userId: '@anne:a.example',
      membership: 'invite',
      event: entries[2],
      local: false,
      forgotten: false,
    })
    expect(asked).toEqual(['@anne:a.example'])
    expect(await store.joinedServers(room.nid)).toEqual([])
  })

  it('takes a member event without a known membership for a departure', async () => {
    await using store = await open()
    const odd = [undefined, 7, 'owner', null, { join: true }, 'knock'] as const
    const users = odd.map((_membership, at) => `@user${at}:a.example`)
    const room = await roomOf(store, async (room, key) => {
      const entries: number[] = []
      const events = []
      for (const [at, membership] of odd.entries()) {
        const event = await memberEvent(store, room, membership)
        events.push(event)
        entries.push(MEMBER, await key(users[at] ?? ''), event.nid)
      }
      const bare = await newEvent(store, room, { typeNid: MEMBER, json: '{"content":[]}' })
      entries.push(MEMBER, await key('@bare:a.example'), bare.nid)
      return { blocks: [await block(store, ...entries)], events: [...events, bare], memberships: [] }
    })
    expect(await store.repairMemberships(room.nid, () => true)).toBe(7)
    const found = await store.membershipsOfRoom(room.nid)
    const byUser = Object.fromEntries(found.map(({ userId, membership }) => [userId, membership]))
    const departures = [...users.slice(0, 5), '@bare:a.example'].map((user) => [user, 'leave'])
    expect(byUser).toEqual({ ...Object.fromEntries(departures), '@user5:a.example': 'knock' })
  })

  it('leaves what stands outside the state, as an invite of another server does', async () => {
    await using store = await open()
    const room = await roomOf(store, async (room, key) => {
      const ben = await key('@ben:b.example')
      const invite = await newEvent(store, room, { typeNid: MEMBER, verdict: 'outlier' })
      const outside = { roomNid: room.nid, user: ben, event: invite.nid, local: false, forgotten: false }
      return { blocks: [], events: [invite], memberships: [{ ...outside, membership: 'invite' }] }
    })
    expect(await structure(store)).toEqual([])
    expect(await store.repairMemberships(room.nid, () => true)).toBe(0)
    expect(await store.membership(room.nid, '@ben:b.example')).toMatchObject({ membership: 'invite' })
  })

  it('looks at all of a room with one more of everything than a page holds', async () => {
    await using store = await open()
    const many = 101
    const room = await roomOf(store, async (room, key) => {
      const blocks: BlockRecord[] = []
      const events = []
      const memberships: MembershipRecord[] = []
      const of = { roomNid: room.nid, membership: 'join', local: false, forgotten: false } as const
      for (let at = 0; at < many; at++) {
        const event = await memberEvent(store, room, 'join')
        const user = await key(`@user${at}:a.example`)
        events.push(event)
        memberships.push({ ...of, user, event: NOWHERE as EventNid })
        blocks.push(await block(store, MEMBER, user, event.nid))
      }
      // One block for each of the first, one for all the others: more of them than are read at once.
      const rest = blocks.splice(9).flatMap(({ entries }) => [...entries])
      return { blocks: [...blocks, await block(store, ...rest)], events, memberships }
    })
    expect(await structure(store)).toHaveLength(many)
    expect(await store.repairMemberships(room.nid, () => false)).toBe(many)
    expect(await structure(store)).toEqual([])
    const snapshots = []
    for (let at = 0; at < many; at++) {
      const hash = at.toString(16).padStart(32, 'f')
      snapshots.push({ ...(await snapshot(store, room)), hash })
    }
    const [moved] = await store.roomsByNid([room.nid])
    await commitOne(store, writeSet(moved ?? room, { snapshots }))
    expect((await store.checkRoom(room.nid, hashes)).unreferenced).toEqual(snapshots.map(({ nid }) => nid))
  })

  it('checks one room more than a page holds', async () => {
    await using store = await open()
    const nid = await store.allocate('room', 101)
    const rooms = await Promise.all(Array.from({ length: 101 }, () => newRoom(store)))
    const sets = rooms.map((room, at) => {
      const numbered = { ...room, nid: (nid + at) as RoomRecord['nid'] }
      return writeSet(numbered)
    })
    await store.commit(sets)
    const checked: number[] = []
    for await (const { room } of store.check(hashes)) checked.push(room.nid)
    expect(checked).toEqual(sets.map(({ room }) => room.nid))
  })

  it('finds outputs that are missing in between, and none where none is kept', async () => {
    await using store = await open()
    const room = await build(store, ({ next, outputs }) => ({
      next: { ...next, outputSeq: 4 },
      outputs: [...outputs, { ...outputs[0]!, seq: 4 }],
    }))
    expect(await whatIsWrong(store)).toEqual(['output 4 follows output 2: the outputs between are lost'])
    const positions = (await store.outputs(0, 10)).map(({ position }) => position)
    const delivered = positions.map((position, index) => ({ position, sequence: index + 1 }))
    await store.recordDelivered(delivered.slice(0, 2))
    expect(await whatIsWrong(store)).toEqual([])
    await store.recordDelivered(delivered)
    expect(await whatIsWrong(store)).toEqual([])
    const [moved] = await store.roomsByNid([room.nid])
    await commitOne(store, writeSet(moved ?? room, { outputs: [newOutput(room, 5, 0 as EventNid)] }))
    expect(await whatIsWrong(store)).toEqual(['the latest output is 5, the counter of the room is at 4'])
  })

  it('says what follows from a finding, and what repairs it', async () => {
    await using store = await open()
    const room = await build(store, () => ({ memberships: [] }))
    const [{ what, ...rest } = { what: '' }, ...others] = await structure(store)
    expect(what).toMatch(
      /^the table of memberships, for @anne:a.example, has nothing, but the current state has \$event\d+$/,
    )
    expect(rest).toEqual({
      roomId: room.roomId,
      kind: 'membership',
      means: 'queries about members of the room give wrong answers; its events are checked correctly',
      repair: '`roomserver check --repair` rebuilds the table from the current state',
    })
    expect(others).toEqual([])
  })

  it.each<readonly [string, (set: WriteSet) => Partial<WriteSet>, readonly RegExp[]]>([
    [
      'an event last sent that is gone',
      ({ next }) => ({ next: { ...next, lastSent: NOWHERE as EventNid } }),
      [/^the last sent event is not stored$/],
    ],
    ['none last sent', ({ next }) => ({ next: { ...next, lastSent: NO_NID } }), []],
    [
      'no forward extremities',
      ({ next }) => ({ next: { ...next, extremities: [] } }),
      [/^the room has no forward extremities$/],
    ],
    [
      'an accepted event with the state before it only',
      ({ events }) => ({ events: events.with(1, { ...events[1]!, after: 0 as SnapshotNid }) }),
      [/^event \S+ has only one of state before and state after$/],
    ],
    [
      'a rejected event with the state before it only',
      ({ events }) => ({
        events: events.with(1, { ...events[1]!, verdict: 'rejected-by-state', after: 0 as SnapshotNid }),
      }),
      [],
    ],
    [
      'an event that is JSON, but no object',
      ({ events }) => ({ events: events.with(2, { ...events[2]!, json: '["prev_events"]' }) }),
      [/^event \S+ is not a JSON object$/],
    ],
    [
      'an extremity that accepted events build on, named with hashes as in the first room versions',
      ({ next, events }) => ({
        next: { ...next, extremities: [events[2]!.nid, events[1]!.nid] },
        events: events.with(2, {
          ...events[2]!,
          json: JSON.stringify({ prev_events: [[events[1]!.eventId, { sha256: 'x' }]] }),
        }),
      }),
      [/^accepted events build on forward extremity/],
    ],
    [
      'an extremity that only a rejected event builds on',
      ({ next, events }) => ({
        next: { ...next, extremities: [events[1]!.nid, events[0]!.nid] },
        events: events
          .with(1, { ...events[1]!, json: '{"prev_events":[],"content":{"membership":"join"}}' })
          .with(2, { ...events[2]!, verdict: 'rejected-by-state' }),
      }),
      [],
    ],
    [
      'an extremity that only an event at a remote state builds on',
      ({ room, next, events }) => ({
        next: { ...next, extremities: [events[2]!.nid, events[1]!.nid] },
        remoteStates: [
          { event: events[2]!.nid, roomNid: room.nid, waitsFor: events[2]!.nid, isVerified: false },
        ],
      }),
      [],
    ],
    [
      'an extremity that an event builds on whose remote state is verified',
      ({ room, next, events }) => ({
        next: { ...next, extremities: [events[2]!.nid, events[1]!.nid] },
        remoteStates: [
          { event: events[2]!.nid, roomNid: room.nid, waitsFor: events[2]!.nid, isVerified: true },
        ],
      }),
      [/^accepted events build on forward extremity/],
    ],
    [
      'prev events that are not a list, which another check finds',
      ({ events }) => ({ events: events.with(2, { ...events[2]!, json: '{"prev_events":{"0":"$x"}}' }) }),
      [],
    ],
    [
      'an auth event that is stored later, and one that nobody has',
      ({ events }) => ({
        events: events.with(0, { ...events[0]!, authNids: [events[2]!.nid, NOWHERE as EventNid] }),
      }),
      [/^event \S+ refers to an auth event that is not stored$/],
    ],
  ])('tells of %s what is wrong, and nothing else', async (_what, spoil, expected) => {
    await using store = await open()
    await build(store, spoil)
    const wrong = await whatIsWrong(store)
    expect(wrong).toEqual(expected.map((text) => expect.stringMatching(text)))
  })

  it('asks nothing of a room that is known by name only', async () => {
    await using store = await open()
    await commitOne(store, writeSet(await newRoom(store)))
    expect(await structure(store)).toEqual([])
  })

  it.each<readonly [string, (set: WriteSet) => Partial<WriteSet>, number]>([
    ['nothing', () => ({}), 0],
    [
      'a block whose hash alone is wrong, which keeps its entries',
      ({ blocks }) => ({ blocks: [blocks[0]!, { ...blocks[1]!, hash: 'b'.repeat(32) }] }),
      1,
    ],
    [
      'a snapshot whose hash alone is wrong',
      ({ snapshots }) => ({ snapshots: snapshots.with(1, { ...snapshots[1]!, hash: 'a'.repeat(32) }) }),
      1,
    ],
  ])('rebuilds %s, and changes nothing else of the state', async (_what, spoil, count) => {
    await using store = await open()
    const room = await build(store, spoil)
    expect(await store.rebuildState(room.nid, hashes)).toBe(count)
    expect(await structure(store)).toEqual([])
    const [current] = await store.snapshots([room.current])
    const blocks = await store.blocks(current?.blocks ?? [])
    expect(blocks.map(({ entries }) => entries.length)).toEqual([3, 3])
    for (const { hash, entries } of blocks) expect(hash).toBe(hashes.blockHash(entries))
    expect(await store.rebuildState(room.nid, hashes)).toBe(0)
    // Whatever was decided on the room before is decided again.
    expect(await store.commit([writeSet(room)])).toMatchObject([{ kind: 'conflict', over: 'room' }])
  })

  it('drops a block that cannot be read, and the snapshots that name it, for they are made anew', async () => {
    await using store = await open()
    const unsorted = Float64Array.of(TOPIC, 1, 70_000, CREATE, 1, 70_001)
    const room = await build(store, ({ blocks }) => ({
      blocks: [blocks[0]!, { ...blocks[1]!, entries: unsorted }],
    }))
    expect(await whatIsWrong(store)).toContainEqual(
      expect.stringMatching(/^the current state has a block that cannot be read$/),
    )
    const [current] = await store.snapshots([room.current])
    expect(await store.rebuildState(room.nid, hashes)).toBe(2)
    expect(await store.snapshots([room.current])).toEqual([])
    const [kept, gone] = current?.blocks ?? []
    expect(await store.blocks([kept!])).toHaveLength(1)
    expect(await store.blocks([gone!])).toEqual([])
  })

  it('drops a block and a snapshot that would be the same as others', async () => {
    await using store = await open()
    const room = await build(store)
    const [current] = await store.snapshots([room.current])
    const [, second] = await store.blocks(current?.blocks ?? [])
    const twin = { ...second!, nid: await store.allocate('block', 1), hash: 'c'.repeat(32) }
    const named = { ...(await snapshot(store, room, twin)), hash: 'd'.repeat(32) }
    const again = { ...current!, nid: await store.allocate('snapshot', 1), hash: 'e'.repeat(32) }
    await commitOne(store, writeSet(room, { blocks: [twin], snapshots: [named, again] }))
    expect(await store.rebuildState(room.nid, hashes)).toBe(3)
    expect(await store.snapshots([room.current, named.nid, again.nid])).toEqual([current])
    expect(await store.blocks([twin.nid])).toEqual([])
    expect(await structure(store)).toEqual([])
  })

  it('rebuilds nothing of a room that is not there', async () => {
    await using store = await open()
    expect(await store.rebuildState(NOWHERE as RoomRecord['nid'], hashes)).toBeUndefined()
    expect(await store.repairMemberships(NOWHERE as RoomRecord['nid'], () => true)).toBeUndefined()
    await expect(store.checkRoom(NOWHERE as RoomRecord['nid'], hashes)).rejects.toMatchObject({
      code: 'ROOM_NOT_FOUND',
    })
  })
}
