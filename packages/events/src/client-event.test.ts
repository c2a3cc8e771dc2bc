import { describe, expect, it } from 'vitest'
import { pduFromClientEvent, redactClientEvent } from './client-event.ts'

/** A client event as a library declares it: an ordinary interface. */
interface LibraryEvent {
  event_id: string
  type: string
  sender: string
  room_id?: string
  state_key?: string
  origin_server_ts: number
  content: LibraryContent
  unsigned?: { age: number }
}
interface LibraryContent {
  membership?: string
  displayname?: string
}

const member: LibraryEvent = {
  event_id: '$member',
  type: 'm.room.member',
  sender: '@alice:a.test',
  room_id: '!room:a.test',
  state_key: '@alice:a.test',
  origin_server_ts: 5,
  content: { membership: 'join', displayname: 'Alice' },
  unsigned: { age: 4 },
}

describe('redactClientEvent', () => {
  it('keeps what the room version keeps, the ID and the room', () => {
    expect(redactClientEvent(member, '10')).toEqual({
      event_id: '$member',
      type: 'm.room.member',
      sender: '@alice:a.test',
      room_id: '!room:a.test',
      state_key: '@alice:a.test',
      origin_server_ts: 5,
      content: { membership: 'join' },
    })
  })

  it('says why, as servers do', () => {
    const because = { event_id: '$redaction', type: 'm.room.redaction', sender: '@mod:a.test', content: {} }
    expect(redactClientEvent(member, '10', because).unsigned).toEqual({ redacted_because: because })
  })

  it('leaves the room to the create event of version 12, which federation leaves out', () => {
    const create = {
      ...member,
      type: 'm.room.create',
      state_key: '',
      room_id: '!member',
      content: { room_version: '12' },
    }
    expect(redactClientEvent(create, '12')).toMatchObject({
      room_id: '!member',
      content: { room_version: '12' },
    })
    const { room_id: _, ...fromSync } = member
    expect(redactClientEvent(fromSync, '12')).not.toHaveProperty('room_id')
  })

  it.each([
    ['10', 'm.room.power_levels', { invite: 5, ban: 6 }, { ban: 6 }],
    ['11', 'm.room.power_levels', { invite: 5, ban: 6 }, { invite: 5, ban: 6 }],
    ['10', 'm.room.create', { creator: '@a:b', room_version: '10' }, { creator: '@a:b' }],
    ['12', 'm.room.create', { room_version: '12' }, { room_version: '12' }],
    ['12', 'm.room.message', { body: 'x' }, {}],
  ])('keeps in version %s of %s %j: %j', (version, type, content, kept) => {
    expect(redactClientEvent({ ...member, type, content }, version).content).toEqual(kept)
  })
})

describe('pduFromClientEvent', () => {
  it('reads what the rules ask about', () => {
    expect(pduFromClientEvent(member, { version: '10' })).toMatchObject({
      eventId: '$member',
      roomId: '!room:a.test',
      type: 'm.room.member',
      stateKey: '@alice:a.test',
      sender: '@alice:a.test',
      originServerTs: 5,
      content: { membership: 'join', displayname: 'Alice' },
    })
  })

  it.each([
    ['10', { redacts: '$x', content: {} }],
    ['12', { content: { redacts: '$x' } }],
  ])('finds in version %s what a redaction redacts', (version, said) => {
    const event = { ...member, type: 'm.room.redaction', ...said }
    expect(pduFromClientEvent(event, { version }).redacts).toBe('$x')
  })

  it('makes the room of a create event of version 12 from its ID', () => {
    const create = { ...member, type: 'm.room.create', state_key: '', room_id: '!member' }
    expect(pduFromClientEvent(create, { version: '12' }).roomId).toBe('!member')
  })
})
