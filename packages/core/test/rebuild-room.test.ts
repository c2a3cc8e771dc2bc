import { join } from 'node:path'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { DatabaseSync } from 'node:sqlite'
import { InputKind } from '@roomserver/api'
import { blockHash, snapshotHash } from '@roomserver/state'
import { openStorage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import { NO_NID } from '@roomserver/types'
import { expect, it } from 'vitest'
import { rebuildRoom, auditRoom } from '../src/index.ts'
import { Homeserver } from './homeserver.ts'

const open = async (file: string): Promise<Homeserver> =>
  new Homeserver(await openStorage({ dialect: 'sqlite', file }))

interface StoredRoom {
  readonly current: readonly string[]
  readonly extremities: readonly string[]
  readonly servers: readonly string[]
  readonly events: readonly unknown[]
  readonly wrong: readonly string[]
}

/** What a server tells of a room, with the state after each event. */
async function storeRoom(file: string, room: RoomBuilder): Promise<StoredRoom> {
  await using hs = await open(file)
  const { roomId } = room
  const wrong: string[] = []
  const record = await hs.room(roomId)
  for await (const what of auditRoom({ store: hs.storage, ...hs.storage }, record)) wrong.push(what)
  const events = []
  for (const { eventId } of room.events) {
    const event = await hs.event(eventId)
    events.push([event?.json, event && (await hs.stateAt(event.after))])
  }
  return {
    current: await hs.current(roomId),
    extremities: await hs.extremities(roomId),
    servers: await hs.storage.joinedServers(record.nid),
    events,
    wrong,
  }
}

async function rebuild(file: string, { roomId }: RoomBuilder, isDryRun: boolean): Promise<readonly string[]> {
  await using hs = await open(file)
  const lines: string[] = []
  const parts = { store: hs.storage, ...hs.storage, input: hs.input }
  if (!isDryRun) await hs.storage.rebuildState((await hs.room(roomId)).nid, { blockHash, snapshotHash })
  for await (const line of rebuildRoom(parts, await hs.room(roomId), { by: 'a test', isDryRun }))
    lines.push(line)
  return lines
}

async function forkedRoom(file: string): Promise<RoomBuilder> {
  await using hs = await open(file)
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  const fork = room.extremities
  const topic = await room.state('m.room.topic', '', { topic: 'one' }, { prev: fork })
  const name = await room.state('m.room.name', '', { name: 'two' }, { prev: fork })
  const oops = await room.message('oops', { prev: [topic, name] })
  await room.redact(oops)
  await room.message('left')
  await room.message('right', { prev: [oops] })
  await hs.takeAll(room.events)
  return room
}

/** What is done to the database behind everybody's back; `$n` is the nth event. */
const DAMAGES: readonly [string, (room: RoomBuilder) => string, RegExp][] = [
  [
    'a state after an event that is not its own',
    ({ events }) => `update events set after_nid = before_nid where event_id = '${events[5]?.eventId}'`,
    /had a wrong state after it/,
  ],
  [
    'a state after an event that has another entry beside its own',
    ({ events }) =>
      `update events set after_nid = (select before_nid from events where event_id = '${events[7]?.eventId}') where event_id = '${events[5]?.eventId}'`,
    /had a wrong state after it/,
  ],
  [
    'a state before an event that is not that of its prev events',
    ({ events }) =>
      `update events set before_nid = (select before_nid from events where event_id = '${events[4]?.eventId}') where event_id = '${events[7]?.eventId}'`,
    /had a wrong state before it/,
  ],
  ['no forward extremities', () => `update rooms set extremities = x''`, /was missing from the forward/],
  [
    'a forward extremity on which others build',
    // 65,540 as a varint: the fifth event that the store numbered.
    () => `update rooms set extremities = cast(extremities || x'848004' as blob)`,
    /was wrongly a forward extremity/,
  ],
  [
    'a forward extremity that is not stored',
    () => `update rooms set extremities = cast(extremities || x'ffff7f' as blob)`,
    /forward extremities were not stored/,
  ],
  [
    'the current state of another moment',
    ({ events }) =>
      `update rooms set current_nid = (select after_nid from events where event_id = '${events[4]?.eventId}')`,
    /the current state had nothing and not \$/,
  ],
  [
    'a current state that is not stored',
    () => `update rooms set current_nid = 99999999`,
    /the current state was not stored/,
  ],
  [
    'states that are lost, in whatever order they follow from each other',
    ({ events }) =>
      `delete from snapshots where nid in (select before_nid from events where event_id <> '${events[2]?.eventId}')`,
    /had a wrong state before it/,
  ],
  [
    'blocks of state that are lost',
    () => `delete from blocks where nid in (select nid from blocks order by nid limit 3 offset 2)`,
    /had a wrong state (?:before|after) it|cannot be rebuilt/,
  ],
  [
    'an event that was rejected and should not have been',
    ({ events }) =>
      `update events set verdict = 4, after_nid = before_nid where event_id = '${events[6]?.eventId}'`,
    /was rejected-by-state, but the rules allow it/,
  ],
  [
    'a redaction that took no effect',
    ({ events }) =>
      `update events set redacted_by = 0, json = '${events[7]?.json ?? ''}' where event_id = '${events[7]?.eventId}'`,
    /should have been redacted by/,
  ],
]

it.each(DAMAGES)('rebuilds %s, after telling what it would do', async (_what, damageOf, expected) => {
  const file = join(mkdtempSync(join(tmpdir(), 'roomserver-rebuild-')), 'rooms.db')
  const room = await forkedRoom(file)
  const before = await storeRoom(file, room)
  expect(before.wrong).toEqual([])
  expect(await rebuild(file, room, true)).toEqual([])
  const database = new DatabaseSync(file)
  database.exec(damageOf(room))
  const dump = () => JSON.stringify(database.prepare('select * from rooms, events').all())
  const damaged = dump()
  expect((await rebuild(file, room, true)).join('\n')).toMatch(expected)
  expect(dump()).toBe(damaged)
  expect((await rebuild(file, room, false)).join('\n')).toMatch(expected)
  expect(await storeRoom(file, room)).toEqual(before)
  expect(await rebuild(file, room, true)).toEqual([])
  database.close()
})

it('tells a wrong rule from a wrong verdict, and restores both', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'roomserver-reason-')), 'room.db')
  const { room, stranger } = await roomWithStranger(file)
  const { verdict, rule, reason } = stranger
  expect(verdict).toBe('rejected-by-auth-events')
  for (const [change, expected] of [
    [`rule = 'v10 1', reason = 'because'`, `for another reason: ${reason}`],
    [`verdict = 4, reason = 'because'`, `for another reason: ${reason}`],
    [`verdict = 1, rule = null, reason = null`, `but the rules do not allow it: ${reason}`],
  ] as const) {
    damage(file, `update events set ${change} where event_id = '${stranger.eventId}'`)
    for (const isDryRun of [true, false])
      expect(reevaluated(await rebuild(file, room, isDryRun))).toEqual([expect.stringContaining(expected)])
    await using after = await open(file)
    expect(await after.event(stranger.eventId)).toMatchObject({ verdict, rule, reason })
    expect(reevaluated(await rebuild(file, room, true))).toEqual([])
  }
})

// A store holds sentences of every version of the program that has decided there.
it('takes a reason in other words for the same where the rule is', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'roomserver-words-')), 'room.db')
  const { room, stranger } = await roomWithStranger(file)
  damage(file, `update events set reason = 'in other words' where event_id = '${stranger.eventId}'`)
  expect((await storeRoom(file, room)).wrong).toEqual([])
  expect(await rebuild(file, room, false)).toEqual([])
  await using after = await open(file)
  expect(await after.event(stranger.eventId)).toMatchObject({ rule: stranger.rule, reason: 'in other words' })
})

const WRONG_OUTLIERS: readonly [string, string, RegExp][] = [
  [
    'rejected and should not have been',
    `verdict = 3, rule = 'v10 1', reason = 'no'`,
    /but the rules allow it/,
  ],
  [
    'has the verdict of an event of the graph',
    'verdict = 1',
    /is accepted, but the rules allow it as an outlier/,
  ],
]

it.each(WRONG_OUTLIERS)('finds and rebuilds an outlier that %s', async (_what, change, expected) => {
  const file = join(mkdtempSync(join(tmpdir(), 'roomserver-outlier-')), 'room.db')
  const room = await forkedRoom(file)
  const outlier = await room.join('@carol:c')
  {
    await using hs = await open(file)
    await hs.take(outlier, { kind: InputKind.outlier })
  }
  const before = await storeRoom(file, room)
  expect(before.wrong).toEqual([])
  damage(file, `update events set ${change} where event_id = '${outlier.eventId}'`)
  expect((await storeRoom(file, room)).wrong).toEqual([expect.stringMatching(expected)])
  expect(await rebuild(file, room, false)).toHaveLength(1)
  expect(await storeRoom(file, room)).toEqual(before)
})

// Verdicts that no version of this program gives: what check finds, check --repair has to know how to put right.
it('finds and rebuilds an event of the graph that has the verdict of an outlier', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'roomserver-place-')), 'room.db')
  const room = await forkedRoom(file)
  const before = await storeRoom(file, room)
  damage(file, `update events set verdict = 0 where event_id = '${room.events[6]?.eventId}'`)
  expect((await storeRoom(file, room)).wrong.join()).toContain('is outlier, but the rules allow it')
  expect((await rebuild(file, room, false)).join()).toContain('was outlier, but the rules allow it')
  expect(await storeRoom(file, room)).toEqual(before)
})

it('keeps the state before an event of whose prev events one is lost', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'roomserver-lost-')), 'room.db')
  const room = await RoomBuilder.create()
  const lost = await room.message('lost')
  const next = await room.message('next')
  {
    await using hs = await open(file)
    await hs.takeAll(room.events)
  }
  damage(file, `delete from events where event_id = '${lost.eventId}'`)
  const before = await storeRoom(file, room)
  expect(before.wrong).toEqual([])
  expect(await rebuild(file, room, false)).toEqual([])
  expect(await storeRoom(file, room)).toEqual(before)
  await using hs = await open(file)
  expect(await hs.stateAt((await hs.event(next.eventId))?.before ?? NO_NID)).toHaveLength(4)
})

/** A forked room, and a message in it that the rules do not allow. */
async function roomWithStranger(file: string) {
  const room = await forkedRoom(file)
  const message = await room.message('let me in', { sender: '@eve:e' })
  await using hs = await open(file)
  await hs.take(message)
  const stranger = await hs.event(message.eventId)
  if (stranger === undefined) throw new TypeError('no event')
  return { room, stranger }
}

function damage(file: string, sql: string): void {
  using database = new DatabaseSync(file)
  database.exec(sql)
}

const reevaluated = (lines: readonly string[]) =>
  lines.filter((line) => / was (?:rejected|accepted)/.test(line))
