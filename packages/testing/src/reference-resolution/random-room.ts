import { selectAuthEvents } from '@roomserver/auth'
import { type Pdu, trustedPdu } from '@roomserver/events'
import type { EventId, JsonObject } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { isAllowed } from './checks.ts'
import { resolveSlowly } from './resolve-slowly.ts'
import { type ChainReading, keyOf, type Room, type State } from './state.ts'

/** An event of a random room and the state around it. */
export interface RandomEvent {
  readonly pdu: Pdu
  readonly prev: readonly RandomEvent[]
  readonly before: State
  readonly after: State
}

/** A room that forks, merges, and contains events that should not have been accepted. */
export interface RandomRoom {
  readonly rules: RoomVersionRules
  readonly room: Room
  /** In the order in which they were made, the create event first. */
  readonly events: readonly RandomEvent[]
}

/** A random source that repeats itself for the same seed: `random(n)` is an integer from 0 to n - 1. */
export type Random = (n: number) => number

export function seededRandom(seed: number): Random {
  let state = seed | 0
  return (n) => {
    state = (state + 0x6d_2b_79_f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n)
  }
}

const USERS = ['@alice:a.test', '@bob:b.test', '@carol:c.test', '@dave:a.test', '@eve:b.test'] as const

/** Makes a room of `size` events. The same seed makes the same room. */
export function randomRoom(
  rules: RoomVersionRules,
  size: number,
  seed: number,
  chain: ChainReading,
): RandomRoom {
  const random = seededRandom(seed)
  const known = new Map<EventId, Pdu>()
  const rejected = new Set<EventId>()
  const room: Room = { event: (id) => known.get(id), isRejected: (id) => rejected.has(id), chain }
  const events: RandomEvent[] = []
  while (events.length < size) {
    const prev = events.length < OPENING.length ? events.slice(-1) : randomPrev(events, random)
    const before = resolveSlowly(
      prev.map((one) => one.after),
      rules,
      room,
    )
    const draft = OPENING[events.length] ?? randomDraft(random)
    const pdu = makeEvent(draft, { rules, prev, before, number: events.length, random, known })
    known.set(pdu.eventId, pdu)
    const isIn = events.length === 0 || isAllowed(pdu, before, room) || random(8) === 0
    if (!isIn || (events.length > OPENING.length && random(40) === 0)) rejected.add(pdu.eventId)
    const after = isIn ? new Map(before).set(keyOf(pdu.type, pdu.stateKey ?? ''), pdu) : before
    events.push({ pdu, prev, before, after })
  }
  return { rules, room, events }
}

function randomPrev(events: readonly RandomEvent[], random: Random): RandomEvent[] {
  const prev = new Set<RandomEvent>()
  const count = 1 + (random(4) === 0 ? 1 + random(2) : 0)
  for (let i = 0; i < count; i++) {
    const one = events[Math.max(OPENING.length - 1, events.length - 1 - random(8))]
    if (one !== undefined) prev.add(one)
  }
  return [...prev]
}

interface Draft {
  readonly type: string
  readonly stateKey: string
  readonly sender: string
  readonly content: JsonObject
}

const [ALICE] = USERS

const OPENING: readonly Draft[] = [
  { type: 'm.room.create', stateKey: '', sender: ALICE, content: { creator: ALICE } },
  { type: 'm.room.member', stateKey: ALICE, sender: ALICE, content: { membership: 'join' } },
  {
    type: 'm.room.power_levels',
    stateKey: '',
    sender: ALICE,
    content: { users: { '@bob:b.test': 50 }, state_default: 0, events: { 'm.room.power_levels': 50 } },
  },
  { type: 'm.room.join_rules', stateKey: '', sender: ALICE, content: { join_rule: 'public' } },
  { type: 'm.room.member', stateKey: USERS[1], sender: USERS[1], content: { membership: 'join' } },
  { type: 'm.room.member', stateKey: USERS[2], sender: USERS[2], content: { membership: 'join' } },
]

function randomDraft(random: Random): Draft {
  const pick = <T>(list: readonly T[]): T => pickOf(list, random)
  const sender = pick(USERS)
  switch (random(7)) {
    case 0:
      return { type: 'm.room.power_levels', stateKey: '', sender, content: randomLevels(pick, random) }
    case 1:
      return {
        type: 'm.room.join_rules',
        stateKey: '',
        sender,
        content: { join_rule: pick(['public', 'invite', 'knock', 'restricted']) },
      }
    case 2:
    case 3: {
      const membership = pick(['leave', 'ban', 'invite', 'knock'])
      return { type: 'm.room.member', stateKey: pick(USERS), sender, content: { membership } }
    }
    case 4:
      return { type: 'm.room.member', stateKey: sender, sender, content: { membership: 'join' } }
    default:
      return {
        type: pick(['m.room.topic', 'm.room.name']),
        stateKey: pick(['', '__proto__']),
        sender,
        content: {},
      }
  }
}

function randomLevels(pick: <T>(list: readonly T[]) => T, random: Random): JsonObject {
  const users = Object.fromEntries(USERS.slice(1).map((user) => [user, pick([0, 0, 25, 50, 75])]))
  return {
    users: { ...users },
    users_default: pick([0, 0, 10]),
    state_default: pick([0, 0, 25]),
    ban: pick([25, 50]),
    events: { 'm.room.power_levels': 25 * random(3) },
  }
}

interface Surroundings {
  readonly rules: RoomVersionRules
  readonly prev: readonly RandomEvent[]
  readonly before: State
  readonly number: number
  readonly random: Random
  readonly known: ReadonlyMap<EventId, Pdu>
}

function makeEvent(draft: Draft, { rules, prev, before, number, random, known }: Surroundings): Pdu {
  const isByHash = rules.roomId === 'create-hash'
  const eventId = number === 0 ? '$create' : `$${random(36 ** 5).toString(36)}${number}`
  const content =
    draft.type === 'm.room.power_levels' && !isByHash
      ? { ...draft.content, users: { ...(draft.content['users'] as JsonObject), [ALICE]: 100 } }
      : draft.content
  const subject = { ...draft, content }
  const state = { get: (type: string, stateKey: string) => before.get(keyOf(type, stateKey)) }
  const auth = selectAuthEvents(subject, state, rules).map((event) => event.eventId)
  const others = [...known.keys()]
  const odd = random(12) === 0 && others.length > 0 ? [pickOf(others, random)] : []
  const referenced = random(12) === 0 ? auth.slice(1) : auth
  const refs = (ids: readonly EventId[]) =>
    rules.eventRefs === 'id' ? ids : ids.map((id) => [id, { sha256: '' }])
  const json = {
    type: draft.type,
    state_key: draft.stateKey,
    sender: draft.sender,
    content,
    origin_server_ts: 1000 + random(6),
    depth: 1 + Math.max(0, ...prev.map((one) => one.pdu.depth)),
    prev_events: refs(prev.map((one) => one.pdu.eventId)),
    auth_events: refs([...new Set([...referenced, ...odd])]),
    hashes: { sha256: '' },
    signatures: {},
    ...(isByHash && number === 0 ? {} : { room_id: isByHash ? '!create' : '!room:a.test' }),
    ...(rules.eventId === 'domain' ? { event_id: `${eventId}:a.test` } : {}),
  }
  return trustedPdu(json, rules.eventId === 'domain' ? `${eventId}:a.test` : eventId, rules)
}

function pickOf<T>(list: readonly T[], random: Random): T {
  const picked = list[random(list.length)]
  if (picked === undefined) throw new RangeError('there is nothing to pick from')
  return picked
}
