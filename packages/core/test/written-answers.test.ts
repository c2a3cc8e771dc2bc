import {
  encode,
  writeInPieces,
  QueryLatestEventsAndStateResponse,
  QueryMembershipsForRoomResponse,
  QueryStateAndAuthChainResponse,
  type Written,
} from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import type { Storage } from '@roomserver/storage'
import { parseServerName } from '@roomserver/types'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Pieces } from '../src/index.ts'
import { createQueries, createWrittenQueries } from '../src/query/create-queries.ts'
import { watchedStore } from '../src/view/watched-store.ts'
import { Homeserver } from './homeserver.ts'

/** A written answer as its callers read it. */
async function sent<Response>(
  schema: Parameters<typeof encode<Response>>[0],
  answer: Written<Response>,
): Promise<string> {
  const parts: (string | Uint8Array)[] = []
  for (const part of writeInPieces(schema, answer)) {
    if (part instanceof Promise) await part
    else parts.push(part)
  }
  return Buffer.concat(parts.map((part) => Buffer.from(part as string))).toString()
}

/** What a process answers from. */
function contextOf(storage: Storage, pieces: Pieces) {
  return {
    store: watchedStore(storage, pieces),
    pieces,
    serverName: parseServerName('a'),
    compatibility: 'current',
    appservice: undefined,
  } as const
}

/** The questions of a process on the store: how each is answered in writing, and how it is read from elements. */
function answersOf(hs: Homeserver, pieces: Pieces) {
  const written = createWrittenQueries(contextOf(hs.storage, pieces))
  const plain = createQueries(contextOf(hs.storage, new Pieces(hs.storage, 16 * 1024 * 1024)))
  return async (room_id: string, prev_event_ids: readonly string[]) => {
    const whole = { room_id, state_to_fetch: [] }
    const joined = { room_id, joined_only: true, local_only: false, sender: '' }
    const after = { room_id, prev_event_ids: [...prev_event_ids], auth_event_ids: [] }
    const chained = { ...after, only_fetch_auth_chain: false, resolve_state: false }
    const chain = await written.queryStateAndAuthChain?.(chained)
    const plainChain = await plain.queryStateAndAuthChain(chained)
    const now = await written.queryLatestEventsAndState?.(whole)
    const members = await written.queryMembershipsForRoom?.(joined)
    return [
      [
        now && sorted(await sent(QueryLatestEventsAndStateResponse, now)),
        sorted(encode(QueryLatestEventsAndStateResponse, await plain.queryLatestEventsAndState(whole))),
      ],
      [
        members && sorted(await sent(QueryMembershipsForRoomResponse, members)),
        sorted(encode(QueryMembershipsForRoomResponse, await plain.queryMembershipsForRoom(joined))),
      ],
      [
        chain && sorted(await sent(QueryStateAndAuthChainResponse, chain)),
        sorted(encode(QueryStateAndAuthChainResponse, plainChain)),
      ],
    ] as const
  }
}

/** States, members and auth chains have no order of their own. */
function sorted(answer: string): unknown {
  const members = Object.entries(JSON.parse(answer) as Record<string, unknown>)
  return members.map(([name, value]) =>
    Array.isArray(value) ? [name, value.map((event) => JSON.stringify(event)).toSorted()] : [name, value],
  )
}

const WHAT = ['join', 'invite', 'rename', 'leave', 'topic', 'levels', 'message', 'redact', 'fork'] as const
const step = fc.record({
  what: fc.constantFrom(...WHAT),
  who: fc.nat({ max: 9 }),
  value: fc.nat({ max: 99 }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

async function play(room: RoomBuilder, { what, who, value }: Step): Promise<Pdu> {
  const user = `@${'ü'.repeat(value % 2)}user${who}:b`
  if (what === 'join') return room.join(user)
  if (what === 'invite') return room.member(room.creator, user, 'invite')
  if (what === 'leave') return room.member(user, user, 'leave')
  if (what === 'topic') return room.state('m.room.topic', `${who}`, { topic: `${value} ü` })
  if (what === 'levels')
    return room.state('m.room.power_levels', '', { users: { [room.creator]: 100 }, value })
  if (what === 'redact') return room.redact(room.events[value % room.events.length] as Pdu)
  if (what === 'fork') return room.message('fork', { prev: room.events.slice(-2, -1) })
  if (what === 'message') return room.message(`${value}`)
  const content = { membership: 'join', displayname: `ü ${value}` }
  return room.add({ type: 'm.room.member', sender: user, stateKey: user, content })
}

it('writes what it would read, whatever changed since it last wrote, here or elsewhere', async () => {
  const histories = fc.array(step, { minLength: 5, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(histories, async (steps) => {
      await using hs = await Homeserver.start()
      const room = await RoomBuilder.create()
      await hs.takeAll(room.events)
      const askers = [hs.pieces, new Pieces(hs.storage, 1024 * 1024), new Pieces(hs.storage, 3_000)]
      const asked = askers.map((pieces) => answersOf(hs, pieces))
      for (const [index, one] of steps.entries()) {
        const event = await play(room, one)
        await hs.take(event)
        for (const [which, answers] of asked.entries()) {
          if ((index + which) % 3 > 0) continue
          const ends = await hs.extremities(room.roomId)
          for (const [written, read] of await answers(room.roomId, ends.slice(0, 1))) {
            expect(written).toEqual(read)
          }
        }
      }
    }),
    { numRuns: 25 },
  )
}, 60_000)

it('writes a state of many pages, from the cache and past it, and what changed of it', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  for (let index = 0; index < 600; index++) await room.join(`@user${index}:b`)
  await hs.takeAll(room.events)
  const asked = [hs.pieces, new Pieces(hs.storage, 100_000)].map((pieces) => answersOf(hs, pieces))
  const agree = async () => {
    for (const answers of asked) {
      for (const [written, read] of await answers(room.roomId, await hs.extremities(room.roomId))) {
        expect(written).toEqual(read)
      }
    }
  }
  await agree()
  for (const index of [0, 255, 256, 599]) await room.member(`@user${index}:b`, `@user${index}:b`, 'leave')
  await room.redact(room.events[100] as Pdu)
  for (let index = 600; index < 620; index++) await room.join(`@user${index}:b`)
  for (const event of room.events.slice(-25)) {
    await hs.take(event)
  }
  await agree()
})

/** A process on the store that answers with the whole state of a room, and counts the events that it reads for that. */
function countingAsker(hs: Homeserver, pieces: Pieces) {
  const counted = { read: 0 }
  const store = {
    ...hs.storage,
    eventTexts: (nids: Parameters<typeof hs.storage.eventTexts>[0]) => {
      counted.read += nids.length
      return hs.storage.eventTexts(nids)
    },
  }
  const written = createWrittenQueries(contextOf(store, pieces))
  const ask = async (room_id: string) => {
    const answer = await written.queryLatestEventsAndState?.({ room_id, state_to_fetch: [] })
    return answer === undefined ? 0 : (await sent(QueryLatestEventsAndStateResponse, answer)).length
  }
  return { counted, ask }
}

it('reads nothing again that it wrote before', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  for (let index = 0; index < 300; index++) await room.join(`@user${index}:b`)
  await hs.takeAll(room.events)
  const { counted, ask } = countingAsker(hs, new Pieces(hs.storage, 8 * 1024 * 1024))
  const length = await ask(room.roomId)
  const first = counted.read
  expect(first).toBeGreaterThan(300)
  expect([await ask(room.roomId), counted.read]).toEqual([length, first])
})

it('reads each event once where people were known before they joined, however little it may keep', async () => {
  await using hs = await Homeserver.start()
  const [other, room] = [await RoomBuilder.create({ roomId: '!other:a' }), await RoomBuilder.create()]
  for (let index = 0; index < 600; index++) await other.join(`@user${index}:b`)
  for (let index = 0; index < 600; index++) await room.join(`@user${(index * 371) % 600}:b`)
  await hs.takeAll(other.events)
  await hs.takeAll(room.events)
  for (const bytes of [3_000, 300_000, 8 * 1024 * 1024]) {
    const { counted, ask } = countingAsker(hs, new Pieces(hs.storage, bytes))
    await ask(room.roomId)
    expect(counted.read).toBeLessThanOrEqual(604)
  }
})
