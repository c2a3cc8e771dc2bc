import type { EventId, RoomVersionId } from '@roomserver/types'
import { expect, it } from 'vitest'
import { membersOf } from './members.ts'
import { roomEventOf } from './room-event.ts'

const stored = (event: object) => ({
  eventId: '$id' as EventId,
  version: '10' as RoomVersionId,
  json: JSON.stringify(event),
})

it('gives what an event says to clients, and nothing of what only servers need', () => {
  const event = {
    sender: '@alice:a',
    type: 'm.room.redaction',
    content: { reason: 'spam' },
    origin_server_ts: 1_000,
    redacts: '$other',
    unsigned: { age: 5 },
  }
  const ofServers = { depth: 3, prev_events: ['$p'], auth_events: [], hashes: {}, signatures: {} }
  const seen = { event_id: '$id', room_id: '!r:a' }
  expect(roomEventOf(stored({ ...event, ...ofServers }), '!r:a')).toEqual({ ...event, ...seen })
  const state = { ...event, type: 'm.room.topic', state_key: '' }
  expect(roomEventOf(stored(state), '!r:a')).toEqual({ ...state, ...seen })
})

it('leaves out what an event says in another type', () => {
  const odd = {
    sender: 1,
    type: null,
    content: [],
    origin_server_ts: 'now',
    redacts: {},
    unsigned: 'x',
    state_key: 0,
  }
  expect(roomEventOf(stored(odd), '!r:a')).toEqual({
    event_id: '$id',
    room_id: '!r:a',
    sender: '',
    type: '',
    content: {},
    origin_server_ts: 0,
  })
})

it('lists members with the names that they gave themselves', () => {
  const member = (user: string, content: object) =>
    roomEventOf(stored({ type: 'm.room.member', state_key: user, content }), '!r:a')
  const named = member('@a:a', { membership: 'join', displayname: 'Ann' })
  const unnamed = member('@b:a', { membership: 'leave', displayname: 7 })
  const odd = member('@c:a', { membership: 1 })
  const topic = roomEventOf(stored({ type: 'm.room.topic', state_key: '', content: {} }), '!r:a')
  expect(membersOf([named, topic, unnamed, odd])).toEqual([
    { userId: '@a:a', membership: 'join', displayName: 'Ann', event: named },
    { userId: '@b:a', membership: 'leave', event: unnamed },
    { userId: '@c:a', membership: 'leave', event: odd },
  ])
})
