import { createHash } from 'node:crypto'
import {
  type BlockNid,
  type BlockRecord,
  EMPTY_STATE_KEY_NID,
  type EventNid,
  type EventTypeNid,
  type RoomRecord,
  type SnapshotNid,
  type SnapshotRecord,
  type WriteSet,
} from '@roomserver/types'
import { expect, it } from 'vitest'
import type { Collection, ContentHashes, Finding, Storage } from '../../src/index.ts'
import { newEvent, newKey, newRoom, newOutput, commitOne, writeSet } from '@roomserver/storage-contract'

const digest = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest('hex').slice(0, 32)

export const hashes: ContentHashes = {
  blockHash: (entries) => digest(new Uint8Array(entries.buffer, entries.byteOffset, entries.byteLength)),
  snapshotHash: (blocks) => digest(blocks.map(({ hash }) => hash).join('\n')),
}

export const CREATE = 1 as EventTypeNid
export const MEMBER = 5 as EventTypeNid

export async function block(store: Storage, ...entries: number[]): Promise<BlockRecord> {
  const list = Float64Array.from(entries)
  return { nid: await store.allocate('block', 1), hash: hashes.blockHash(list), entries: list }
}

export async function snapshot(
  store: Storage,
  room: RoomRecord,
  ...blocks: BlockRecord[]
): Promise<SnapshotRecord> {
  return {
    nid: await store.allocate('snapshot', 1),
    hash: hashes.snapshotHash(blocks),
    roomNid: room.nid,
    blocks: blocks.map(({ nid }) => nid),
  }
}

const BODY = '{"latest_event_ids":[]}'

/** A room with a create event, its creator's join and a message, all as they should be; `spoil` makes them otherwise. */
export async function build(
  store: Storage,
  spoil: (set: WriteSet) => Partial<WriteSet> = () => ({}),
): Promise<RoomRecord> {
  const room = await newRoom(store)
  const user = await newKey(store, '@anne:a.example')
  const json = (type: string, prev: readonly string[], more: object = {}): string =>
    JSON.stringify({ type, room_id: room.roomId, depth: 7, prev_events: prev, ...more })
  const create = await newEvent(store, room, {
    typeNid: CREATE,
    stateKeyNid: EMPTY_STATE_KEY_NID,
    json: json('m.room.create', [], { state_key: '', content: { room_version: '10' } }),
  })
  const join = await newEvent(store, room, {
    typeNid: MEMBER,
    json: json('m.room.member', [create.eventId], {
      state_key: '@anne:a.example',
      content: { membership: 'join' },
    }),
    authNids: [create.nid],
  })
  const message = await newEvent(store, room, { json: json('m.room.member', [join.eventId]) })
  const none = await snapshot(store, room)
  const first = await block(store, CREATE, EMPTY_STATE_KEY_NID, create.nid)
  const second = await block(store, MEMBER, user.nid, join.nid)
  const created = await snapshot(store, room, first)
  const joined = await snapshot(store, room, first, second)
  const set = writeSet(room, {
    next: {
      ...room,
      current: joined.nid,
      extremities: [message.nid],
      lastSent: message.nid,
      depth: 7,
      outputSeq: 2,
    },
    stateKeys: [user],
    events: [
      { ...create, before: none.nid, after: created.nid },
      { ...join, stateKeyNid: user.nid, before: created.nid, after: joined.nid },
      { ...message, before: joined.nid, after: joined.nid },
    ],
    blocks: [first, second],
    snapshots: [none, created, joined],
    memberships: [
      {
        roomNid: room.nid,
        user: user.nid,
        membership: 'join',
        event: join.nid,
        local: true,
        forgotten: false,
      },
    ],
    outputs: [join, message].map(({ nid }, index) => ({ ...newOutput(room, index + 1, nid), body: BODY })),
  })
  return await commitOne(store, { ...set, ...spoil(set) })
}

export async function findings(store: Storage): Promise<readonly Finding[]> {
  const all: Finding[] = []
  for await (const check of store.check(hashes)) all.push(...check.findings)
  return all
}

export const NOWHERE = 99_000_000

type Spoil = (set: WriteSet) => Partial<WriteSet>

const DAMAGES: readonly (readonly [string, Spoil, RegExp])[] = [
  [
    'a block that is not what its hash says',
    ({ blocks }) => ({ blocks: [blocks[0]!, { ...blocks[1]!, entries: Float64Array.of(5, 1, 1) }] }),
    /the current state has a block that does not match its hash/,
  ],
  ['a block that is gone', ({ blocks }) => ({ blocks: blocks.slice(1) }), /lacks 1 of its \d blocks/],
  [
    'a snapshot that is gone',
    ({ snapshots }) => ({ snapshots: snapshots.slice(1) }),
    /event \$event\d+ has a state before it that is not stored/,
  ],
  [
    'a snapshot that is not what its hash says',
    ({ snapshots }) => ({ snapshots: snapshots.with(1, { ...snapshots[1]!, hash: 'a'.repeat(32) }) }),
    /the state at event \$event\d+ does not match its hash/,
  ],
  [
    'an auth event that is gone',
    ({ events }) => ({ events: events.with(1, { ...events[1]!, authNids: [NOWHERE as EventNid] }) }),
    /event \$event\d+ refers to an auth event that is not stored/,
  ],
  [
    'an event that is cut off',
    ({ events }) => ({ events: events.with(2, { ...events[2]!, json: '{"prev_ev' }) }),
    /is not a JSON object/,
  ],
  [
    'a current state that is gone',
    ({ next }) => ({ next: { ...next, current: NOWHERE as SnapshotNid } }),
    /the current state is not stored/,
  ],
  [
    'a forward extremity that is gone',
    ({ next }) => ({ next: { ...next, extremities: [...next.extremities, NOWHERE as EventNid] } }),
    /1 forward extremities are not stored/,
  ],
  [
    'a forward extremity that others build on',
    ({ next, events }) => ({ next: { ...next, extremities: [events[2]!.nid, events[1]!.nid] } }),
    /accepted events build on forward extremity/,
  ],
  [
    'a forward extremity that was rejected',
    ({ events }) => ({ events: events.with(2, { ...events[2]!, verdict: 'rejected-by-state' }) }),
    /forward extremity .* is rejected-by-state/,
  ],
  [
    'a member who is not in the table',
    () => ({ memberships: [] }),
    /the table of memberships, for @anne:a.example, has nothing, but the current state has \$event\d+/,
  ],
  [
    'a member by another event',
    ({ memberships, events }) => ({ memberships: [{ ...memberships[0]!, event: events[0]!.nid }] }),
    /the table of memberships, for @anne:a.example, has \$event\d+, but/,
  ],
  [
    'a member who is something else by their event',
    ({ memberships }) => ({ memberships: [{ ...memberships[0]!, membership: 'ban' }] }),
    /the table of memberships, for @anne:a.example, says ban, but \$event\d+ says join/,
  ],
  ['an output that is gone', ({ outputs }) => ({ outputs: outputs.slice(0, 1) }), /the latest output is 1/],
  [
    'an output without its event',
    ({ outputs }) => ({ outputs: outputs.with(0, { ...outputs[0]!, event: NOWHERE as EventNid }) }),
    /output 1 carries an event that is not stored/,
  ],
]

export async function collect(store: Storage, room: RoomRecord, olderThanMs = -60_000): Promise<Collection> {
  await store.noteUnreferenced(await store.checkRoom(room.nid, hashes))
  return await store.collectUnreferenced(olderThanMs)
}

/** What keeps a store whole: checks, collection, sizes. */
export function upkeepContract(open: () => Promise<Storage>): void {
  it('belongs to the homeserver that it was first used for', async () => {
    await using store = await open()
    expect(await store.serverName()).toBeUndefined()
    expect(await store.claimServerName('a.example')).toBe('a.example')
    expect(await store.claimServerName('b.example')).toBe('a.example')
    expect(await store.serverName()).toBe('a.example')
  })

  it('belongs to the server of its local users, where it was filled before it kept a name', async () => {
    await using store = await open()
    await build(store)
    expect(await store.claimServerName('slip.example')).toBe('a.example')
  })

  it('finds nothing in rooms as they should be', async () => {
    await using store = await open()
    await build(store)
    await build(store)
    const checks = []
    for await (const check of store.check(hashes)) checks.push(check)
    expect(checks).toMatchObject([
      { findings: [], isSettled: true },
      { findings: [], isSettled: true },
    ])
  })

  it.each(DAMAGES)('finds %s', async (_what, spoil, expected) => {
    await using store = await open()
    await build(store)
    const room = await build(store, spoil)
    const found = await findings(store)
    expect(found.map(({ what }) => what)).toContainEqual(expect.stringMatching(expected))
    expect(new Set(found.map(({ roomId }) => roomId))).toEqual(new Set([room.roomId]))
  })

  it('rebuilds nothing from an event whose text is not what its author wrote', async () => {
    await using store = await open()
    await build(store, ({ events }) => ({ events: events.map((event) => ({ ...event, depth: 8 })) }))
    for (const isIntact of [true, false]) {
      const ofEvents: Finding[] = []
      for await (const { findings: found } of store.check({ ...hashes, isIntact: () => isIntact }))
        ofEvents.push(...found.filter(({ what }) => /has depth 7, but 8 is stored/.test(what)))
      expect(ofEvents).toHaveLength(3)
      expect(ofEvents.filter(({ rebuild }) => rebuild !== undefined)).toHaveLength(isIntact ? 3 : 0)
    }
  })

  it('takes memberships over from the current state where they disagree', async () => {
    await using store = await open()
    const room = await build(store, ({ memberships }) => ({
      memberships: [{ ...memberships[0]!, membership: 'ban', event: NOWHERE as EventNid }],
    }))
    expect(await findings(store)).toHaveLength(1)
    expect(await store.repairMemberships(room.nid, (userId) => userId.endsWith(':a.example'))).toBe(1)
    expect(await findings(store)).toEqual([])
    expect(await store.membership(room.nid, '@anne:a.example')).toMatchObject({
      membership: 'join',
      local: true,
    })
    expect(await store.repairMemberships(room.nid, () => true)).toBe(0)
  })

  it('gives back snapshots and blocks that nothing refers to, and nothing else', async () => {
    await using store = await open()
    const room = await build(store)
    const [current] = await store.snapshots([room.current])
    const kept = (await store.blocks(current!.blocks))[0]!
    const loose = await block(store, 9, 9, 70_000)
    const gone = await block(store, 9, 9, 0)
    const dead = await snapshot(store, room, kept, loose, gone)
    const grown = await commitOne(store, writeSet(room, { blocks: [loose, gone], snapshots: [dead] }))
    expect(await collect(store, room, 60_000)).toMatchObject({ snapshots: 0 })
    expect(await collect(store, room)).toEqual({ kind: 'collected', snapshots: 1, blocks: 1, busy: 0 })
    expect(await store.snapshots([dead.nid])).toEqual([])
    const left = await store.blocks([kept.nid, loose.nid, gone.nid])
    expect(new Set(left.map(({ nid }) => nid))).toEqual(new Set([kept.nid, gone.nid]))
    expect(await findings(store)).toEqual([])
    expect(await store.commit([writeSet(grown)])).toMatchObject([{ kind: 'conflict', over: 'room' }])
    expect(await collect(store, room)).toEqual({ kind: 'collected', snapshots: 0, blocks: 0, busy: 0 })
  })

  it('remembers which room the scrubber checked last', async () => {
    await using store = await open()
    expect(await store.scrubbed()).toBe(0)
    const room = await build(store)
    await store.setScrubbed(room.nid)
    expect(await store.scrubbed()).toBe(room.nid)
  })

  it('gives nothing back at all where what seemed unreferenced is in use, as an index told otherwise', async () => {
    await using store = await open()
    const room = await build(store)
    const dead = await snapshot(store, room)
    await commitOne(store, writeSet(room, { snapshots: [{ ...dead, hash: digest('dead') }] }))
    const check = await store.checkRoom(room.nid, hashes)
    const lying = { ...check, findings: [], unreferenced: [dead.nid, room.current] }
    await store.noteUnreferenced(lying)
    expect(await store.collectUnreferenced(-60_000)).toEqual({ kind: 'refused', referenced: 1 })
    expect(await store.snapshots([dead.nid, room.current])).toHaveLength(2)
  })

  it('finds nothing wrong with indexes that are whole', async () => {
    await using store = await open()
    await build(store)
    expect(await store.checkIndexes()).toEqual([])
  })

  it('gives nothing back where something is wrong', async () => {
    await using store = await open()
    const room = await build(store, () => ({ memberships: [] }))
    const dead = await snapshot(store, room)
    await commitOne(
      store,
      writeSet(room, { snapshots: [{ ...dead, blocks: [NOWHERE as BlockNid], hash: digest('x') }] }),
    )
    expect(await collect(store, room)).toMatchObject({ kind: 'collected', snapshots: 0 })
    expect(await store.snapshots([dead.nid])).toHaveLength(1)
  })

  it('knows how large a room is', async () => {
    await using store = await open()
    const room = await build(store)
    await build(store)
    expect(await store.roomSize(room.nid)).toMatchObject({
      events: 3,
      snapshots: 3,
      outputs: 2,
      outputBytes: 2 * BODY.length,
    })
  })
}
