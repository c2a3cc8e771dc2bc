import { type EventNid, newRoom, type RoomNid, type RoomRecord } from '@roomserver/types'
import { expect, it } from 'vitest'
import { ForkedRooms } from './rooms-over-extremity-limit.ts'

const room = (roomId: string, ends: number): RoomRecord => ({
  ...newRoom({ nid: 1 as RoomNid, roomId, version: '10' }),
  extremities: Array<EventNid>(ends).fill(1 as EventNid),
})

it('holds rooms with more ends than may be, until they have no more than that or are done with', () => {
  const forked = new ForkedRooms(3)
  forked.saw(room('!few:a', 3))
  forked.saw(room('!one:a', 4))
  forked.saw(room('!two:a', 20))
  expect(forked.ids).toEqual(['!one:a', '!two:a'])
  forked.saw(room('!one:a', 3))
  expect(forked.ids).toEqual(['!two:a'])
  forked.forget('!two:a')
  expect(forked.ids).toEqual([])
})

it('remembers 10,000 of them', () => {
  const forked = new ForkedRooms(3)
  for (let i = 0; i < 10_001; i++) forked.saw(room(`!${i}:a`, 4))
  expect(forked.ids).toHaveLength(10_000)
  expect(forked.ids).not.toContain('!10000:a')
  forked.forget('!7:a')
  forked.saw(room('!10000:a', 4))
  expect(forked.ids).toContain('!10000:a')
})
