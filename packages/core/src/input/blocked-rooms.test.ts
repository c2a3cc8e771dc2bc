import {
  type BlockedRoom,
  type LogFields,
  type PurgeRecord,
  type RoomNid,
  silentLogger,
} from '@roomserver/types'
import { expect, it } from 'vitest'
import { BlockedRooms } from './blocked-rooms.ts'

/** Two processes on one store, with a clock that the test moves. */
function processes() {
  const stored = new Map<string, BlockedRoom>()
  const warnings: LogFields[] = []
  const state = { now: 0, fails: false, reads: 0, purges: [] as PurgeRecord[], gone: [] as RoomNid[] }
  const store = {
    blockedRooms: async (after: string, limit: number) => {
      state.reads++
      if (state.fails) throw new Error('down')
      return [...stored.values()].filter(({ roomId }) => roomId > after).slice(0, limit)
    },
    blockRoom: async (room: BlockedRoom) => void stored.set(room.roomId, room),
    purges: async () => state.purges,
    recentHistoryPurges: async () => [],
    room: async () => undefined,
    unblockRoom: async (roomId: string) => void stored.delete(roomId),
  }
  const log = { ...silentLogger, warn: (fields: LogFields) => void warnings.push(fields) }
  const clock = { now: () => state.now }
  const onPurged = (nid: RoomNid) => void state.gone.push(nid)
  const one = () => new BlockedRooms({ store, clock, log, onPurged })
  return { state, warnings, one: one(), other: one() }
}

const room: BlockedRoom = { roomId: '!r:a', by: '@admin:a', reason: 'spam', sinceTs: 1 }
const settled = () => new Promise((resolve) => setImmediate(resolve))

it('knows at once what this process blocks, and after five seconds what others do', async () => {
  const { state, one, other } = processes()
  expect([await one.of('!r:a'), await other.of('!r:a')]).toEqual([undefined, undefined])
  await one.block(room)
  expect(() => one.refuse('!r:a')).toThrow(
    expect.objectContaining({
      code: 'ROOM_BLOCKED',
      message: 'the room is blocked on this server: spam',
    }) as Error,
  )
  state.now = 4_999
  other.refuse('!r:a')
  await settled()
  other.refuse('!r:a')
  state.now = 5_000
  // Nobody waits for the table to be read again.
  other.refuse('!r:a')
  await settled()
  expect(() => other.refuse('!r:a')).toThrow('blocked')
  await other.unblock('!r:a')
  other.refuse('!r:a')
})

it('reads the table once for all who ask, before anybody asked too', async () => {
  const { state, one, other } = processes()
  await Promise.all([one.of('!a:a'), one.of('!b:a'), one.load()])
  expect(state.reads).toBe(1)
  await one.block(room)
  other.refuse('!r:a')
  await settled()
  expect(() => other.refuse('!r:a')).toThrow('blocked')
})

it('goes on with what it knows where the table cannot be read again', async () => {
  const { state, warnings, one } = processes()
  state.fails = true
  await expect(one.of('!r:a')).rejects.toThrow('down')
  state.fails = false
  await one.block({ ...room, reason: '' })
  state.fails = true
  state.now = 5_000
  expect(() => one.refuse('!r:a')).toThrow('the room is blocked on this server')
  await settled()
  expect(warnings).toHaveLength(1)
  expect(() => one.refuse('!r:a')).toThrow('blocked')
  // Not for every event that comes meanwhile.
  await settled()
  expect(warnings).toHaveLength(1)
})

it('takes nothing of a room that is being purged, and has what is cached of it dropped again and again', async () => {
  const { state, one } = processes()
  const purge: PurgeRecord = {
    roomId: '!r:a',
    roomNid: 0 as RoomNid,
    by: '@admin:a',
    isForced: false,
    step: 'waiting',
    reason: '',
    events: 3,
    deletedEvents: 0,
    sinceTs: 1,
    stepTs: 1,
  }
  state.purges = [purge]
  await one.refresh()
  expect(() => one.refuse('!r:a')).toThrow('the room is blocked on this server: it is being purged')
  expect(await one.of('!r:a')).toBeUndefined()
  expect(state.gone).toEqual([])
  for (const step of ['deleting', 'settling'] as const) {
    state.purges = [{ ...purge, roomNid: 7 as RoomNid, step }]
    await one.refresh()
    expect(() => one.refuse('!r:a')).toThrow('blocked')
  }
  expect(state.gone).toEqual([7, 7])
  for (const step of ['done', 'refused'] as const) {
    state.purges = [{ ...purge, roomNid: 7 as RoomNid, step }]
    await one.refresh()
    one.refuse('!r:a')
  }
})
