import { type RoomNid, type SnapshotNid, type UserId } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { openStorage, type StorageOptions } from '../src/index.ts'
import { hashes } from './contract/upkeep.ts'
import { type WholeStore, wholeStore } from './whole-store.ts'

const isLocal = (userId: UserId): boolean => userId.endsWith(':a.example')
const CONTEXT = { ...hashes, isIntact: () => true, isLocal }

/** Hashes that are asked for, before each of which something else happens to the store. */
function disturbed(happens: () => void): typeof hashes {
  const snapshotHash: typeof hashes.snapshotHash = (blocks) => {
    happens()
    return hashes.snapshotHash(blocks)
  }
  return { ...hashes, snapshotHash }
}

const MOVES_ON = "update rooms set revision = revision + 1 where room_id = '!whole:a.example'"

describe('a room that is checked', () => {
  it('is checked again when it moves on meanwhile, and what was found before does not count', async () => {
    await using whole = await wholeStore()
    whole.run("update rooms set depth = 99 where room_id = '!whole:a.example'")
    const repairs = [MOVES_ON.replace('revision =', 'depth = 12, revision ='), MOVES_ON]
    const context = disturbed(() => {
      const next = repairs.shift()
      if (next !== undefined) whole.run(next)
    })
    const check = await whole.store.checkRoom(whole.room.nid, context)
    expect([check.isSettled, check.findings, check.room.depth]).toEqual([true, [], 12])
  })

  it('is given up after three attempts in which it moved on, which is said', async () => {
    await using whole = await wholeStore()
    const revisions = new Set<number>()
    let last = whole.room.revision
    const context = disturbed(() => {
      whole.run(MOVES_ON)
      last++
    })
    const check = await whole.store.checkRoom(whole.room.nid, context)
    revisions.add(check.room.revision)
    expect(check.isSettled).toBe(false)
    // Each of ten states was looked at three times.
    expect(last - whole.room.revision).toBe(3 * whole.rows(STATES).length)
  })

  it('is passed over when it is purged meanwhile', async () => {
    await using whole = await wholeStore()
    const context = disturbed(() => whole.run("delete from rooms where room_id = '!whole:a.example'"))
    const checks = []
    for await (const { room } of whole.store.check(context)) checks.push(room.roomId)
    expect(checks).toEqual(['!other:a.example'])
    await expect(whole.store.checkRoom(whole.room.nid, context)).rejects.toMatchObject({
      code: 'ROOM_NOT_FOUND',
    })
  })

  it('that cannot be read is named, and the others are checked all the same', async () => {
    await using whole = await wholeStore()
    whole.run("update rooms set extremities = x'ff' where room_id = '!whole:a.example'")
    const checks = []
    for await (const check of whole.store.check(CONTEXT)) checks.push(check)
    expect(checks).toMatchObject([
      {
        room: { roomId: '!whole:a.example', nid: whole.room.nid },
        findings: [
          {
            kind: 'room',
            what: 'the room cannot be checked: the database is damaged: a list of numbers is truncated',
          },
        ],
        unreferenced: [],
        isSettled: true,
      },
      { room: { roomId: '!other:a.example' }, findings: [], isSettled: true },
    ])
    const failing = { ...hashes, blockHash: () => expect.fail('not this way') }
    await expect(whole.store.check(failing).next()).resolves.toMatchObject({ value: { findings: [{}] } })
    whole.restore()
    await expect(whole.store.check(failing).next()).rejects.toThrow('not this way')
  })
})

const STATES =
  "select nid from snapshots where room_nid = (select nid from rooms where room_id = '!whole:a.example')"

describe('states that nothing refers to', () => {
  /** States of no use in both rooms: two in one, one in the other. */
  const loose = ({ run }: WholeStore) =>
    run(`insert into snapshots select 80000 + nid - (select min(nid) from rooms), nid, x'00112233445566778899aabbccddeeff', x'' from rooms;
      insert into snapshots select 80007, min(nid), x'ff112233445566778899aabbccddeeff', x'' from rooms`)

  /** A check that does not mind that their hashes are made up. */
  const checkOf = async ({ store, room }: WholeStore) => ({
    ...(await store.checkRoom(room.nid, CONTEXT)),
    findings: [],
  })

  const noted = ({ rows }: WholeStore) =>
    rows('select snapshot_nid as nid from unreferenced_snapshots order by 1').map(({ nid }) => nid)

  it('are noted once, and forgotten when they are referred to after all', async () => {
    await using whole = await wholeStore()
    loose(whole)
    const check = await checkOf(whole)
    expect(check.unreferenced).toEqual([80_000, 80_007])
    for (let times = 0; times < 2; times++) await whole.store.noteUnreferenced(check)
    expect(noted(whole)).toEqual([80_000, 80_007])
    await whole.store.noteUnreferenced({ ...check, unreferenced: [80_007 as SnapshotNid] })
    expect(noted(whole)).toEqual([80_007])
    await whole.store.noteUnreferenced({ ...check, unreferenced: [] })
    expect(noted(whole)).toEqual([])
  })

  it('are not noted where anything is wrong, or the room moved on', async () => {
    await using whole = await wholeStore()
    const check = await whole.store.checkRoom(whole.room.nid, CONTEXT)
    const unreferenced = [80_000 as SnapshotNid]
    await whole.store.noteUnreferenced({ ...check, unreferenced, isSettled: false })
    const wrong = { roomId: '!r', kind: 'room', what: '', means: '', repair: '' } as const
    await whole.store.noteUnreferenced({ ...check, unreferenced, findings: [wrong] })
    expect(noted(whole)).toEqual([])
  })

  it('are given back in all rooms but those that move on meanwhile, which are left for another time', async () => {
    await using whole = await wholeStore()
    loose(whole)
    for await (const check of whole.store.check(CONTEXT))
      await whole.store.noteUnreferenced({ ...check, findings: [] })
    expect(noted(whole)).toEqual([80_000, 80_001, 80_007])
    const before = whole.rows('select revision from rooms order by nid')
    const nothing = { kind: 'collected', snapshots: 0, blocks: 0, busy: 0 }
    expect(await whole.store.collectUnreferenced(60_000)).toEqual(nothing)
    whole.run(`create temp trigger moves after delete on unreferenced_snapshots when old.snapshot_nid = 80007
      begin update rooms set revision = 50 where room_id = '!other:a.example'; end`)
    expect(await whole.store.collectUnreferenced(-60_000)).toEqual({ ...nothing, snapshots: 2, busy: 1 })
    expect(noted(whole)).toEqual([80_001])
    expect(whole.rows('select nid from snapshots where nid >= 80000')).toEqual([{ nid: 80_001 }])
    const after = whole.rows('select revision from rooms order by nid').map(({ revision }) => revision)
    expect(after).toEqual([Number(before[0]?.['revision']) + 1, 50])
    whole.run('drop trigger moves')
    expect(await whole.store.collectUnreferenced(-60_000)).toEqual({ ...nothing, snapshots: 1 })
  })
})

describe('the table of memberships', () => {
  const user = (id: string) => `(select nid from state_keys where text = '@${id}')`
  const change = (id: string, what: string) => `update memberships set ${what} where user_nid = ${user(id)}`
  const members = ({ rows }: WholeStore) =>
    rows(`select coalesce(k.text, 'nobody') || ' ' || m.membership || ' ' || coalesce(e.event_id, 'nothing') || ' ' || m.local
        || m.forgotten || ' ' || m.server as text from memberships m left join state_keys k on k.nid = m.user_nid
      left join events e on e.nid = m.event_nid order by 1`).map(({ text }) => text)

  const RIGHT = [
    '@anne:a.example 1 $anne 10 a.example',
    '@ben:b.example 1 $ben 00 b.example',
    '@carol:c.example 2 $carol 00 c.example',
    '@dave:d.example 2 $dave 00 d.example',
  ]

  it.each<readonly [string, number, Readonly<Record<number, string>>]>([
    ['', 0, {}],
    [`delete from memberships where user_nid = ${user('ben:b.example')}`, 1, {}],
    [`delete from memberships`, 3, { 3: '' }],
    [
      change('ben:b.example', 'membership = 5, forgotten = 1'),
      1,
      { 1: '@ben:b.example 1 $ben 01 b.example' },
    ],
    [change('ben:b.example', "server = 'x', local = 1"), 1, {}],
    [change('anne:a.example', 'local = 0'), 1, {}],
    [change('ben:b.example', 'event_nid = 7, forgotten = 1'), 1, {}],
    // What somebody is by no event of the state is kept, and so is one who was invited by another server.
    [
      change('dave:d.example', "event_nid = 0, server = 'x'"),
      1,
      { 3: '@dave:d.example 2 nothing 00 d.example' },
    ],
    [change('dave:d.example', 'event_nid = 7'), 1, { 3: '@dave:d.example 4 nothing 00 d.example' }],
    [change('ben:b.example', 'user_nid = 99999'), 2, {}],
  ])('is taken over from the state: %s', async (statement, count, others) => {
    await using whole = await wholeStore()
    whole.run(statement)
    expect(await whole.store.repairMemberships(whole.room.nid, isLocal)).toBe(count)
    const expected = RIGHT.map((row, at) => others[at] ?? row).filter((row) => row !== '')
    expect(members(whole)).toEqual(expected)
    expect(await whole.store.repairMemberships(whole.room.nid, isLocal)).toBe(0)
  })

  it('says for which servers users are noted as its own', async () => {
    await using whole = await wholeStore()
    expect(await whole.store.localServers()).toEqual([{ server: 'a.example', users: 1 }])
    whole.run(change('ben:b.example', 'local = 1'))
    expect(new Set(await whole.store.localServers())).toEqual(
      new Set([
        { server: 'a.example', users: 1 },
        { server: 'b.example', users: 1 },
      ]),
    )
  })

  it.each([
    ['the server of its local users', 'slip.example', 'a.example', ''],
    [
      'the server that asks, where it has local users too',
      'b.example',
      'b.example',
      change('ben:b.example', 'local = 1'),
    ],
    [
      'the server that asks, where there are none',
      'new.example',
      'new.example',
      change('anne:a.example', 'local = 0'),
    ],
  ])('says whose store it is: %s', async (_who, asks, owner, statement) => {
    await using whole = await wholeStore()
    whole.run(statement)
    expect(await whole.store.claimServerName(asks)).toBe(owner)
    expect(await whole.store.serverName()).toBe(owner)
  })
})

it('rebuilds no rows of a room that is not stored', async () => {
  await using whole = await wholeStore()
  expect(await whole.store.rebuildRows(7 as RoomNid, CONTEXT)).toBeUndefined()
  const { revision } = whole.room
  expect(await whole.store.rebuildRows(whole.room.nid, CONTEXT)).toEqual([])
  // Whatever is being decided on the room meanwhile is decided again.
  expect(await whole.store.room('!whole:a.example')).toMatchObject({ revision: revision + 1 })
})

it('counts what an operator has to look after, up to a limit', async () => {
  await using whole = await wholeStore()
  expect(await whole.store.careCounts(100)).toEqual({
    inbox: 1,
    waitingOutputs: 9,
    stateResets: 1,
    unverifiedStates: 1,
  })
  whole.run('delete from inbox; update remote_states set verified = 1; update journal set reset = 0')
  expect(await whole.store.careCounts(5)).toEqual({
    inbox: 0,
    waitingOutputs: 5,
    stateResets: 0,
    unverifiedStates: 0,
  })
})

it('tells what the database says of itself', async () => {
  await using whole = await wholeStore()
  const { dialect, values } = await whole.store.databaseFacts()
  expect(dialect).toBe('sqlite')
  expect(Object.keys(values).toSorted()).toEqual([
    'bytes',
    'encoding',
    'journal_mode',
    'now',
    'synchronous',
    'version',
  ])
  expect(Number(values['bytes'])).toBeGreaterThan(8_192)
  expect(values['encoding']).toBe('UTF-8')
})

it.each<readonly [string, unknown, object]>([
  ['nothing', undefined, { argument: 'dialect', expected: 'sqlite or postgres' }],
  [
    'another database',
    { dialect: 'mysql', file: 'x' },
    { argument: 'dialect', expected: 'sqlite or postgres' },
  ],
  [
    'no file',
    { dialect: 'sqlite' },
    { argument: 'file', expected: 'the path of a SQLite file, or :memory:' },
  ],
  [
    'an empty path',
    { dialect: 'sqlite', file: '' },
    { argument: 'file', expected: 'the path of a SQLite file, or :memory:' },
  ],
  [
    'a connection string that is a number',
    { dialect: 'postgres', connectionString: 7 },
    { argument: 'connectionString', expected: 'a URL postgresql://…' },
  ],
])('opens no store by %s', async (_what, options, details) => {
  const failure = { code: 'INVALID_ARGUMENT', details }
  await expect(openStorage(options as StorageOptions)).rejects.toMatchObject(failure)
})
