import { type EventNid, newRoom, type RoomNid, type RoomRecord } from '@roomserver/types'
import { expect, it } from 'vitest'
import { RoomsOverExtremityLimit } from './rooms-over-extremity-limit.ts'

const room = (roomId: string, extremities: number): RoomRecord => ({
  ...newRoom({ nid: 1 as RoomNid, roomId, version: '10' }),
  extremities: Array<EventNid>(extremities).fill(1 as EventNid),
})

it('holds rooms with more extremities than may be, until they have no more than that or are done with', () => {
  const overLimit = new RoomsOverExtremityLimit(3)
  overLimit.update(room('!few:a', 3))
  overLimit.update(room('!one:a', 4))
  overLimit.update(room('!two:a', 20))
  expect(overLimit.ids).toEqual(['!one:a', '!two:a'])
  overLimit.update(room('!one:a', 3))
  expect(overLimit.ids).toEqual(['!two:a'])
  overLimit.forget('!two:a')
  expect(overLimit.ids).toEqual([])
})

it('remembers 10,000 of them', () => {
  const overLimit = new RoomsOverExtremityLimit(3)
  for (let i = 0; i < 10_001; i++) overLimit.update(room(`!${i}:a`, 4))
  expect(overLimit.ids).toHaveLength(10_000)
  expect(overLimit.ids).not.toContain('!10000:a')
  overLimit.forget('!7:a')
  overLimit.update(room('!10000:a', 4))
  expect(overLimit.ids).toContain('!10000:a')
})
