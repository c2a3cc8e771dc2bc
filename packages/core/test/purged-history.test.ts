import { InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { blockHash, snapshotHash } from '@roomserver/state'
import { RoomBuilder } from '@roomserver/testing'
import type { HistoryHorizon, HistoryPurgeRecord } from '@roomserver/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { auditRoom, renderOutput } from '../src/index.ts'
import { Homeserver, type Output } from './homeserver.ts'

const USERS = ['@alice:a', '@bob:b', '@carol:c']
const NOW = 1_800_000_000_000
const DAY_MS = 86_400_000
const ALL = { now: NOW, slice: 1_000 }

const step = fc.record({
  who: fc.nat({ max: 2 }),
  what: fc.constantFrom('message', 'topic', 'topic', 'join', 'leave', 'ban', 'levels', 'redact'),
  on: fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 3 }),
  value: fc.nat({ max: 100 }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Goes on with a room, on top of some of the events given. */
async function goOn(room: RoomBuilder, on: readonly Pdu[], steps: readonly Step[]): Promise<readonly Pdu[]> {
  const tail = [...on]
  for (const { who, what, on: places, value } of steps) {
    const prev = [...new Set(places.map((at) => tail[tail.length - 1 - (at % tail.length)] as Pdu))]
    const sender = USERS[who] as string
    const other = USERS[value % 3] as string
    const creators = room.rules.auth.creatorsOutrankAll ? {} : { '@alice:a': 100 }
    const made =
      what === 'message'
        ? await room.message(`${value}`, { prev, sender })
        : what === 'topic'
          ? await room.state('m.room.topic', '', { topic: `${value}` }, { prev, sender })
          : what === 'join'
            ? await room.join(sender, { prev })
            : what === 'levels'
              ? await room.state(
                  'm.room.power_levels',
                  '',
                  { users: { ...creators, [other]: value } },
                  { prev, sender },
                )
              : what === 'redact'
                ? await room.redact(tail[value % tail.length] as Pdu, { prev, sender })
                : await room.member(sender, other, what, { prev })
    tail.push(made)
  }
  return tail.slice(on.length)
}

async function begin(hs: Homeserver, roomId: string, horizon: HistoryHorizon): Promise<HistoryPurgeRecord> {
  const { nid } = await hs.room(roomId)
  const counts = { events: 0, removedEvents: 0, deletedEvents: 0 }
  const purge = {
    roomId,
    roomNid: nid,
    ...horizon,
    by: 'me',
    step: 'removing' as const,
    ...counts,
  }
  expect(await hs.storage.beginHistoryPurge(purge)).toBe(true)
  return { ...purge, sinceTs: 0, stepTs: 0 }
}

/** What is wrong with the store, by every check that there is. */
async function problems({ storage }: Homeserver, roomId: string): Promise<readonly unknown[]> {
  const found: unknown[] = []
  for await (const check of storage.check({ blockHash, snapshotHash })) found.push(...check.findings)
  const room = await storage.room(roomId)
  if (room === undefined) return ['no room']
  const source = { store: storage, eventsOfRoom: storage.eventsOfRoom }
  for await (const problem of auditRoom(source, room)) found.push(problem)
  return [...found, ...(await storage.looseRows()), ...(await storage.lostRooms())]
}

/** Those of some events that refer to nothing that a purge deletes. */
async function keptOnly(room: RoomBuilder, depth: number, events: readonly Pdu[]): Promise<readonly Pdu[]> {
  await using probe = await Homeserver.start()
  await probe.takeAll(room.events.filter((one) => !events.includes(one)))
  const purge = await begin(probe, room.roomId, { beforeDepth: depth, beforeTs: 0 })
  for await (const _ of probe.storage.removeHistory(purge, ALL));
  for await (const _ of probe.storage.deleteHistory(purge, ALL.slice));
  const stored = await probe.storage.eventsById(room.events.map(({ eventId }) => eventId))
  const there = new Set(stored.map(({ eventId }) => eventId))
  return events.filter(({ authEvents, eventId, prevEvents }) => {
    const isKept = [...authEvents, ...prevEvents].every((id) => there.has(id))
    if (isKept) there.add(eventId)
    return isKept
  })
}

/** What consumers are told behind a position of the log. */
async function toldSince({ storage }: Homeserver, position: number): Promise<readonly unknown[]> {
  const outputs = (await storage.outputs(position, 100_000)).map(
    (output) => (JSON.parse(renderOutput(output)) as Output).new_room_event,
  )
  return outputs
    .filter((one) => one !== undefined)
    .map(({ adds_state_event_ids, event, latest_event_ids, removes_state_event_ids }) => [
      event._event_id,
      latest_event_ids,
      adds_state_event_ids,
      removes_state_event_ids,
    ])
}

/** What became of events, and of the room. */
async function shown(hs: Homeserver, roomId: string, events: readonly Pdu[]) {
  const stored = await hs.storage.eventsById(events.map(({ eventId }) => eventId))
  const at = new Map<string, unknown>()
  for (const { after, eventId, redactedBy, rule, verdict } of stored)
    at.set(eventId, [verdict, rule, redactedBy !== 0, await hs.stateAt(after)])
  return { at, extremities: await hs.extremities(roomId), current: await hs.current(roomId) }
}

describe('a room whose history was purged', () => {
  it.each(['1', '6', '11', '12'])(
    'goes on as if it had not been, wherever it is cut and whatever comes meanwhile, in version %s',
    async (version) => {
      const runs = fc.asyncProperty(
        fc.array(step, { minLength: 3, maxLength: 20 }),
        fc.array(step, { minLength: 1, maxLength: 12 }),
        fc.nat({ max: 25 }),
        fc.integer({ min: 1, max: 4 }),
        async (steps, further, cut, slice) => {
          const room = await RoomBuilder.create({ version })
          const { roomId } = room
          await goOn(room, room.events.slice(-1), steps)
          await using plain = await Homeserver.start()
          await using purged = await Homeserver.start()
          for (const hs of [plain, purged]) await hs.takeAll(room.events)
          const history = [...room.events]
          // In the latter half, so that something goes.
          const depth = history[history.length - 1 - (cut % (history.length >> 1))]?.depth ?? 0
          const ends = new Set(await plain.extremities(roomId))
          const staying = history.filter((one) => one.depth >= depth || ends.has(one.eventId))
          const coming = await keptOnly(room, depth, await goOn(room, staying, further))
          const latest = await plain.storage.latestOutput()
          const purge = await begin(purged, roomId, { beforeDepth: depth, beforeTs: 0 })
          // Outputs of the history are deleted with it.
          const announced: unknown[] = []
          const left = [...coming]
          const takeNext = async () => {
            const next = left.shift()
            if (next === undefined) return
            const before = await purged.storage.latestOutput()
            await purged.take(next)
            announced.push(...(await toldSince(purged, before)))
          }
          for await (const _ of purged.storage.removeHistory(purge, { now: ALL.now, slice })) await takeNext()
          for await (const _ of purged.storage.deleteHistory(purge, slice)) await takeNext()
          while (left.length > 0) await takeNext()
          await plain.takeAll(coming)
          expect(await shown(purged, roomId, coming)).toEqual(await shown(plain, roomId, coming))
          expect(announced).toEqual(await toldSince(plain, latest))
          expect(await problems(purged, roomId)).toEqual([])
        },
      )
      await fc.assert(runs, { numRuns: 8, endOnFailure: true })
    },
  )

  it('keeps what comes after a younger event, whatever date it claims, and believes no date to come', async () => {
    await using hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    const old = NOW - 30 * DAY_MS
    const start = await room.message('old', { originServerTs: old })
    const wrong = await room.message('of a clock that is wrong', { originServerTs: NOW + 30 * DAY_MS })
    await room.message('young', { originServerTs: NOW - DAY_MS })
    const liar = await room.message('claims to be old', { originServerTs: old })
    const branch = await room.message('beside', { prev: [start], originServerTs: old })
    await room.message('last', { prev: [liar, branch], originServerTs: NOW })
    await hs.takeAll(room.events)
    const horizon = { beforeDepth: 0, beforeTs: NOW - 10 * DAY_MS }
    const purge = await begin(hs, room.roomId, horizon)
    for await (const _ of hs.storage.removeHistory(purge, ALL));
    for await (const _ of hs.storage.deleteHistory(purge, ALL.slice));
    const stored = await hs.storage.eventsById(room.events.slice(4).map(({ eventId }) => eventId))
    await hs.input.blockedRooms.refresh()
    const bodies = stored.map(({ json }) => (JSON.parse(json) as Pdu).content['body'])
    // One is outside the graph, and stays as long as an output behind that of a younger one tells of it.
    expect(new Set(bodies)).toEqual(new Set(['young', 'claims to be old', 'beside', 'last']))
    expect((await hs.event(branch.eventId))?.verdict).toBe('outlier')
    expect(await problems(hs, room.roomId)).toEqual([])
    // What is purged is neither stored nor announced when it comes again, as new or as a part of the past.
    const latest = await hs.storage.latestOutput()
    for (const kind of [InputKind.new, InputKind.old])
      expect(await hs.take(wrong, { kind })).toMatchObject({
        kind: 'refused',
        error: { code: 'EVENT_PURGED' },
      })
    expect(await hs.take(start, { kind: InputKind.outlier })).toMatchObject({
      kind: 'stored',
      verdict: 'outlier',
    })
    expect(await hs.take(start)).toMatchObject({ kind: 'refused', error: { code: 'EVENT_PURGED' } })
    // What builds on it lacks its prev events, as if they had never been here.
    const late = await room.message('late', { prev: [branch] })
    expect(await hs.take(late)).toMatchObject({ kind: 'missing', prev: [branch.eventId] })
    const state = await hs.current(room.roomId)
    const given = { has_state: true, state_event_ids: [...state] }
    expect(await hs.take(late, given)).toMatchObject({ kind: 'stored', verdict: 'accepted' })
    expect(await hs.storage.latestOutput()).toBe(latest + 1)
    expect(await problems(hs, room.roomId)).toEqual([])
  })

  it('has what was redacted redacted when it comes again', async () => {
    await using hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    const secret = await room.state('m.room.topic', '', { topic: 'a secret' })
    await room.redact(secret)
    await room.state('m.room.topic', '', { topic: 'nothing' })
    const last = await room.message('last')
    await hs.takeAll(room.events)
    const purge = await begin(hs, room.roomId, { beforeDepth: last.depth, beforeTs: 0 })
    for await (const _ of hs.storage.removeHistory(purge, ALL));
    for await (const _ of hs.storage.deleteHistory(purge, ALL.slice));
    expect(await hs.event(secret.eventId)).toBeUndefined()
    // The process drops what it has cached, as it does every few seconds.
    await hs.input.blockedRooms.refresh()
    expect(await hs.take(secret, { kind: InputKind.outlier })).toMatchObject({ kind: 'stored' })
    expect((await hs.event(secret.eventId))?.json).not.toContain('a secret')
    expect(await problems(hs, room.roomId)).toEqual([])
  })
})
