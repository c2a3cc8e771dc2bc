import type { Pdu } from '@roomserver/events'
import { stateOf } from '@roomserver/simulation'
import { RoomBuilder } from '@roomserver/testing'
import type { JsonObject } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { excuseOf, truthOf } from '../../test/traffic/findings.ts'
import { Announcements } from './announcements.ts'
import type { Finding, Truth } from './departure.ts'
import { DEPARTURES } from './departures.ts'

type Found = Pick<Finding, 'of' | 'problem'> & Partial<Finding>

/** A difference that a departure excuses, and the same with a fault of ours in it. */
interface Case {
  readonly excused: readonly [Found, Truth?]
  readonly faults: Readonly<Record<string, readonly [Found, Truth?]>>
}

const room = await RoomBuilder.create({ version: '10' })
const before = room.events.slice()
const visibility = await room.state('m.room.history_visibility', '', { history_visibility: 'invited' })
const topic = await room.state('m.room.topic', '', { topic: 'one' })
const message = await room.message('hello')
const { roomId } = room

const wire = (event: Pdu): JsonObject => ({
  ...(JSON.parse(event.json) as JsonObject),
  _event_id: event.eventId,
  _room_version: event.rules.version,
})
const ids = (events: readonly Pdu[]) => events.map(({ eventId }) => eventId)
const newEvent = (event: Pdu, more: JsonObject = {}): JsonObject => ({
  type: 'new_room_event',
  new_room_event: { event: wire(event), ...more },
})
const announced = (event: Pdu, state: readonly Pdu[]) =>
  new Announcements([newEvent(event, { adds_state_event_ids: ids(state) })])
const invites = (...outputs: readonly JsonObject[]) => truthOf({ ours: new Announcements(outputs) })
const invite = { type: 'new_invite_event', new_invite_event: { event: { _event_id: '$invite' } } }
const ended = { type: 'retire_invite_event', retire_invite_event: { EventID: '$invite' } }

const whole = [...before, visibility, topic]
const known = truthOf({ stateAfter: () => stateOf(whole) })
const standing = { state: stateOf(whole), extremities: [message.eventId] }

const query = (name: string) => `/api/roomserver/${name}`
const output = (kind: string, id: string) => `output ${kind} ${id}`
const MESSAGE = output('new_room_event', message.eventId)

const CASES: Readonly<Record<string, Case>> = {
  'own-words': (() => {
    const refusal = (Code: number, Message: string, path = 'Error'): [Found] => {
      const expected = { Code: 3, Message: 'theirs', RemoteCode: 0 }
      const difference = { path, expected, got: { Code, Message, RemoteCode: 0 } }
      return [{ of: query('performJoin'), problem: 'answer', difference }]
    }
    return {
      excused: refusal(3, 'ours'),
      faults: { 'another code': refusal(4, 'ours'), 'another member': refusal(3, 'ours', 'Other') },
    }
  })(),
  'visibility-change-is-visible': (() => {
    const sees = (expected: boolean, got: boolean): [Found] => [
      {
        of: query('queryServerAllowedToSeeEvent'),
        problem: 'answer',
        expected: { can_see_event: expected },
        got: { can_see_event: got },
      },
    ]
    return { excused: sees(false, true), faults: { 'an event that is hidden': sees(true, false) } }
  })(),
  'state-resolution-v1-stops': (() => {
    const resolved = (events: readonly Pdu[], version: string): [Found, Truth] => [
      {
        of: query('queryStateAndAuthChain'),
        problem: 'answer',
        request: { room_id: roomId, prev_event_ids: [message.eventId], resolve_state: true },
        got: { room_version: version, state_events: events.map(wire) },
      },
      known,
    ]
    return {
      excused: resolved(whole, '1'),
      faults: {
        'a state that the specification does not give': resolved(before, '1'),
        'another room version': resolved(whole, '10'),
      },
    }
  })(),
  'peek-of-unknown-room': (() => {
    const peek = (truth: Truth): [Found, Truth] => [
      { of: output('retire_peek', '@alice:a'), problem: 'missing', request: roomId },
      truth,
    ]
    return {
      excused: peek(truthOf()),
      faults: { 'a peek into a room that is known': peek(truthOf({ standing: () => standing })) },
    }
  })(),
  'handler-crash': (() => {
    const crash = (gotStatus: number, got: JsonObject, Message = 'Internal Server Error'): [Found] => [
      {
        of: query('performLeave'),
        problem: 'status',
        expectedStatus: 500,
        gotStatus,
        expected: { message: Message },
        got,
      },
    ]
    return {
      excused: crash(400, { message: 'no such room' }),
      faults: {
        'a crash of ours': crash(500, { message: 'Internal Server Error' }),
        'a failure that the recorded server names': crash(400, {}, 'no such room'),
      },
    }
  })(),
  'has-the-state': (() => {
    const answer = (got: JsonObject): [Found] => [
      {
        of: query('queryServerAllowedToSeeEvent'),
        problem: 'status',
        expected: { Type: 'types.MissingEventError' },
        got,
      },
    ]
    return {
      excused: answer({ can_see_event: true }),
      faults: { 'a failure of ours': answer({ Type: 'x' }) },
    }
  })(),
  'unasked-state': (() => {
    const answer = (asked: string, got: readonly JsonObject[] = []): [Found] => [
      {
        of: query('queryStateAfterEvents'),
        problem: 'answer',
        request: {
          prev_event_ids: [topic.eventId],
          state_to_fetch: [{ EventType: asked, StateKey: '' }],
        },
        difference: { path: 'state_events', expected: [wire(topic)], got },
      },
    ]
    return {
      excused: answer('m.room.name'),
      faults: {
        'an entry that was asked for': answer('m.room.topic'),
        'an entry too many': answer('m.room.name', [wire(visibility)]),
      },
    }
  })(),
  'every-invite-ends': (() => {
    const ends = (truth: Truth): [Found, Truth] => [
      { of: output('retire_invite_event', '$invite by '), problem: 'extra', got: ended },
      truth,
    ]
    return {
      excused: ends(invites(invite, ended)),
      faults: {
        'the end of an invite that nobody heard of': ends(invites(ended)),
        'a second end': ends(invites(invite, ended, ended)),
      },
    }
  })(),
  'recorded-state-reset': (() => {
    const difference = { path: 'adds_state_event_ids', expected: [], got: [topic.eventId] }
    const change = (state: readonly Pdu[], resets: readonly string[]): [Found, Truth] => [
      { of: MESSAGE, problem: 'content', request: roomId, difference },
      truthOf({ resets, ours: announced(message, state), standingAfter: () => standing }),
    ]
    return {
      excused: change(whole, [roomId]),
      faults: {
        'a state that the specification does not give': change(before, [roomId]),
        'a room whose state was not reset': change(whole, []),
      },
    }
  })(),
  'recorded-state-after': (() => {
    const answer = (got: readonly Pdu[]): [Found, Truth] => [
      {
        of: query('queryStateAfterEvents'),
        problem: 'answer',
        request: {
          room_id: roomId,
          prev_event_ids: [message.eventId],
          state_to_fetch: [{ EventType: 'm.room.topic', StateKey: '' }],
        },
        got: { state_events: got.map(wire) },
      },
      known,
    ]
    return {
      excused: answer([topic]),
      faults: { 'another entry': answer([visibility]), 'no entry': answer([]) },
    }
  })(),
  'visibility-default': (() => {
    const says = (got: string, state: readonly Pdu[]): [Found, Truth] => [
      {
        of: MESSAGE,
        problem: 'content',
        difference: { path: 'history_visibility', expected: 'joined', got },
        got: newEvent(message),
      },
      truthOf({ stateAfter: () => stateOf(state) }),
    ]
    return {
      excused: says('shared', before),
      faults: {
        'another visibility': says('world_readable', before),
        'a visibility that is set': says('shared', whole),
      },
    }
  })(),
  'recorded-state-before': (() => {
    const output = (removed: readonly Pdu[]): [Found, Truth] => [
      {
        of: MESSAGE,
        problem: 'content',
        difference: { path: 'state_before_removes_event_ids', expected: ['$theirs'], got: ids(removed) },
        got: newEvent(message, { state_before_removes_event_ids: ids(removed) }),
      },
      truthOf({ stateAfter: () => stateOf(before), ours: announced(message, whole) }),
    ]
    return {
      excused: output([visibility, topic]),
      faults: { 'a state before the event that the specification does not give': output([topic]) },
    }
  })(),
  'state-before-left-out': (() => {
    const output = (event: Pdu, expected?: readonly string[]): [Found] => [
      {
        of: MESSAGE,
        problem: 'content',
        difference: { path: 'state_before_adds_event_ids', expected: expected && [...expected], got: ['$x'] },
        expected: newEvent(event),
      },
    ]
    return {
      excused: output(message),
      faults: { 'a state event': output(topic), 'a list that both have': output(message, ['$theirs']) },
    }
  })(),
  'invite-announced-once': (() => {
    const lacks = (truth: Truth): [Found, Truth] => [
      { of: output('new_invite_event', '$invite'), problem: 'missing' },
      truth,
    ]
    return {
      excused: lacks(invites(invite)),
      faults: { 'an invite that is announced to nobody': lacks(invites()) },
    }
  })(),
  'invite-as-it-came': (() => {
    const member = { ...wire(message), type: 'm.room.member', state_key: '@bob:b' }
    const shown = (got: JsonObject): [Found] => [
      { of: MESSAGE, problem: 'content', difference: { path: 'event', expected: member, got } },
    ]
    const unsigned = { invite_room_state: [] }
    return {
      excused: shown({ ...member, unsigned }),
      faults: { 'another event': shown({ ...member, unsigned, state_key: '@carol:c' }) },
    }
  })(),
  'redacted-meanwhile': (() => {
    const redacted = { ...wire(message), content: {} }
    const redaction = { type: 'redacted_event', redacted_event: { RedactedEventID: message.eventId } }
    const shows = (outputs: readonly JsonObject[]): [Found, Truth] => [
      {
        of: MESSAGE,
        problem: 'content',
        request: roomId,
        difference: { path: 'event', expected: wire(message), got: redacted },
      },
      truthOf({ ours: new Announcements(outputs) }),
    ]
    return { excused: shows([redaction]), faults: { 'an event without its content': shows([]) } }
  })(),
  'gap-is-new': (() => {
    const extra = (truth: Partial<Truth>): [Found, Truth] => [
      { of: MESSAGE, problem: 'extra', request: roomId },
      truthOf({ isAccepted: () => true, ...truth }),
    ]
    return {
      excused: extra({ isFetched: () => true }),
      faults: {
        'an event that nobody gave, and the rules refuse': extra({ isAccepted: () => false }),
        'an event that the recorded server announced': extra({
          isFetched: () => true,
          recorded: announced(message, []),
        }),
        'an event that was not accepted': extra({ isFetched: () => true, isAccepted: () => false }),
      },
    }
  })(),
  'waits-for-its-past': (() => {
    const late = (truth: Partial<Truth>): [Found, Truth] => [
      { of: MESSAGE, problem: 'extra', request: roomId },
      truthOf(truth),
    ]
    return {
      excused: late({ isAccepted: () => true }),
      faults: {
        'an event that is not accepted': late({}),
        'an event that is announced again': late({
          isAccepted: () => true,
          recorded: announced(message, []),
        }),
      },
    }
  })(),
  'refused-by-the-rules': (() => {
    const lacks = (isRefused: boolean): [Found, Truth] => [
      { of: MESSAGE, problem: 'missing', request: roomId },
      truthOf({ isRefused: () => isRefused }),
    ]
    return { excused: lacks(true), faults: { 'an event that the rules allow': lacks(false) } }
  })(),
  'recorded-extremities': (() => {
    const latest = (found: readonly string[]): [Found, Truth] => [
      {
        of: MESSAGE,
        problem: 'content',
        request: roomId,
        difference: { path: 'latest_event_ids', expected: ['$theirs'], got: [...found] },
        got: newEvent(message, { latest_event_ids: [...found] }),
      },
      truthOf({ standingAfter: () => standing }),
    ]
    return {
      excused: latest([message.eventId]),
      faults: { 'another extremity': latest([topic.eventId]), 'one too many': latest(ids([message, topic])) },
    }
  })(),
  'missing-events-oldest-first': (() => {
    const list = (got: readonly Pdu[]): [Found] => [
      {
        of: query('queryMissingEvents'),
        problem: 'answer',
        difference: { path: 'events', expected: [message, topic].map(wire), got: got.map(wire) },
      },
    ]
    return {
      excused: list([topic, message]),
      faults: { 'an event left out': list([topic]), 'another event': list([visibility, message]) },
    }
  })(),
  'empty-unsigned': (() => {
    const event = (got: JsonObject): [Found] => [
      {
        of: query('queryEventsByID'),
        problem: 'answer',
        difference: { path: 'events', expected: wire(topic), got },
      },
    ]
    return {
      excused: event({ ...wire(topic), unsigned: {} }),
      faults: {
        'unsigned data with something in it': event({ ...wire(topic), unsigned: { age: 1 } }),
        'another event': event({ ...wire(visibility), unsigned: {} }),
      },
    }
  })(),
}

it('has a fault for every departure that it does not excuse', () => {
  expect(Object.keys(CASES)).toEqual(DEPARTURES.map(({ id }) => id))
})

describe.each(Object.entries(CASES))('%s', (id, { excused, faults }) => {
  it('excuses what it is for', () => {
    expect(excuseOf(...excused)).toBe(id)
  })

  it.each(Object.entries(faults))('does not excuse %s', (_what, fault) => {
    expect(excuseOf(...fault)).toBeUndefined()
  })
})
