import { type Pdu, trustedPdu } from '@roomserver/events'
import { ROOM_VERSIONS } from '@roomserver/version'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEvent, makeEvent, member } from '../test/room.ts'
import { authTypesFor } from './auth-types.ts'
import { checkAuth } from './check-auth.ts'
import { checkAuthEvents } from './check-auth-events.ts'
import { checkRedaction } from './check-redaction.ts'
import { traceText, explainAuth } from './explain/explain-auth.ts'
import { isOfRoom } from './of-room.ts'
import { powersIn } from './powers-in.ts'
import { type AuthState, authStateOf } from './state.ts'
import type { AuthVerdict } from './verdict.ts'
import { mayServerSee, mayUserSee } from './visibility/may-see.ts'

const TYPES = [
  'create',
  'member',
  'power_levels',
  'join_rules',
  'third_party_invite',
  'redaction',
  'aliases',
  'topic',
]
const USERS = [
  '@alice:a.test',
  '@bob:b.test',
  '@eve:b.test',
  '',
  '@',
  '@:',
  '__proto__',
  'constructor',
  '@__proto__:a.test',
]

const version = fc.constantFrom(...ROOM_VERSIONS.values())
const user = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...USERS) }, fc.string())
const level = fc.oneof(
  fc.integer({ min: -5, max: 105 }),
  fc.constantFrom<unknown>('50', ' -7 ', '1e9', 50.5, null, [], {}, true, 2 ** 53, 1e300, '9'.repeat(30)),
)
const levels = fc.dictionary(user, level, { maxKeys: 4 })

/** Content that means something to the rules, mostly, and anything else. */
const content = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record(
      {
        membership: fc.constantFrom<unknown>('join', 'invite', 'leave', 'ban', 'knock', 'x', null, 1),
        join_rule: fc.constantFrom<unknown>(
          'public',
          'invite',
          'knock',
          'restricted',
          'knock_restricted',
          null,
        ),
        join_authorised_via_users_server: fc.oneof(user, fc.constant(null)),
        third_party_invite: fc.record({
          signed: fc.record({ mxid: user, token: user, signatures: fc.jsonValue() }),
        }),
        public_key: fc.string(),
        users: fc.oneof(levels, fc.jsonValue()),
        events: fc.oneof(levels, fc.jsonValue()),
        notifications: fc.oneof(levels, fc.jsonValue()),
        users_default: level,
        state_default: level,
        events_default: level,
        ban: level,
        kick: level,
        invite: level,
        redact: level,
        creator: user,
        additional_creators: fc.oneof(fc.array(user), fc.jsonValue()),
        'm.federate': fc.constantFrom<unknown>(true, false, null, 'x'),
        room_version: fc.constantFrom<unknown>('1', '10', '12', '__proto__', 7),
        history_visibility: fc.constantFrom<unknown>('joined', 'shared', 'invited', 'world_readable', 1),
      },
      { requiredKeys: [] },
    ),
  },
  fc.dictionary(fc.string(), fc.jsonValue()),
)

const sketch = fc.record({
  type: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...TYPES.map((type) => `m.room.${type}`)) },
    fc.string(),
  ),
  sender: user,
  state_key: fc.option(fc.oneof({ weight: 2, arbitrary: fc.constant('') }, user), { nil: undefined }),
  content,
  room_id: fc.constantFrom('!room:a.test', '!e0', 'x', ''),
  prev_events: fc.constantFrom<readonly string[]>([], ['$e0'], ['$e0', '$e1']),
  auth_events: fc.array(fc.constantFrom('$e0', '$e1', '$e2', '$e3', '$me', '$missing'), { maxLength: 5 }),
  signatures: fc.jsonValue(),
})

const room = fc
  .record({ rules: version, event: sketch, state: fc.array(sketch, { maxLength: 6 }) })
  .map(({ rules, event, state }) => ({
    event: trustedPdu(JSON.stringify(event), '$me', rules),
    state: state.map((other, i) => trustedPdu(JSON.stringify(other), `$e${i}`, rules)),
  }))

function expectVerdict(verdict: AuthVerdict): void {
  const hasRule = /^v\S+ (\d+(\.\d+)*|handling-redactions( \d)?)$/.test(verdict.rule)
  const hasReason =
    verdict.allowed || (/\S/.test(verdict.reason) && verdict.events.every((id) => typeof id === 'string'))
  // `expect` takes longer than the rules.
  if (!hasRule || !hasReason)
    expect(verdict).toBe('a verdict with its rule, and the reason and events of a refusal')
}

/** Levels are read of a state with a create event, whose power levels are of the same room. */
function isStateOfOneRoom(state: AuthState): boolean {
  const create = state.get('m.room.create', '')
  const levels = state.get('m.room.power_levels', '')
  return create !== undefined && (levels === undefined || isOfRoom(levels, create))
}

describe('whatever comes in, a verdict comes out', () => {
  it('of both halves of the rules, of redactions and of visibility', () => {
    fc.assert(
      fc.property(room, ({ event, state }) => {
        const known = new Map(state.map((pdu) => [pdu.eventId, pdu]))
        const before = authStateOf(state)
        expectVerdict(checkAuth(event, before))
        expectVerdict(
          checkAuthEvents(event, { get: (id) => known.get(id), isRejected: (id) => id === '$e3' }),
        )
        for (const target of state) expectVerdict(checkRedaction(event, target, before))
        const view = { before, joinedLater: true }
        expect(mayUserSee(event, { ...view, user: event.sender }).reason).toMatch(/\S/)
        expect(mayServerSee(event, { ...view, server: 'b.test', members: state }).reason).toMatch(/\S/)
        if (isStateOfOneRoom(before) && event.sender.startsWith('@'))
          expect(powersIn(before, event.rules).levelOf(event.sender)).toSatisfy(Number.isFinite)
      }),
      { numRuns: 400 },
    )
  })

  it('and a trace of it', () => {
    fc.assert(
      fc.property(room, ({ event, state }) => {
        const trace = explainAuth(event, authStateOf(state))
        expect(traceText(JSON.parse(JSON.stringify(trace)))).toContain(event.rules.version)
      }),
      { numRuns: 200 },
    )
  })
})

it('a verdict does not change with state that is not listed for the event', () => {
  fc.assert(
    fc.property(room, fc.array(sketch, { maxLength: 6 }), ({ event, state }, more) => {
      const listed = new Set(authTypesFor(event, event.rules).map((tuple) => JSON.stringify(tuple)))
      const unrelated = more
        .map((other, i) => trustedPdu(JSON.stringify(other), `$m${i}`, event.rules))
        .filter(({ stateKey, type }) => !listed.has(JSON.stringify([type, stateKey])))
      const before = checkAuth(event, authStateOf(state))
      expect(checkAuth(event, authStateOf([...state, ...unrelated]))).toEqual(before)
      const needed = state.filter(({ stateKey, type }) => listed.has(JSON.stringify([type, stateKey])))
      expect(checkAuth(event, authStateOf(needed))).toEqual(before)
    }),
    { numRuns: 400 },
  )
})

/** A value whose reads are counted, to any depth. */
function counting<T extends object>(value: T, count: () => void): T {
  const wrapped = (found: unknown): unknown =>
    typeof found === 'object' && found !== null ? counting(found, count) : found
  return new Proxy(value, {
    get: (target, key, receiver) => (count(), wrapped(Reflect.get(target, key, receiver))),
    has: (target, key) => (count(), Reflect.has(target, key)),
    ownKeys: (target) => {
      const keys = Reflect.ownKeys(target)
      for (const _ of keys) count()
      return keys
    },
    getOwnPropertyDescriptor: (target, key) => (count(), Reflect.getOwnPropertyDescriptor(target, key)),
  })
}

describe('the work grows no faster than the input, over', () => {
  /** Steps that a judgement takes for an input of size `n`, and of twice that. */
  const expectLinear = (judge: (n: number, count: () => void) => AuthVerdict, n: number) => {
    const steps = [n, 2 * n].map((size) => {
      let counted = 0
      judge(size, () => counted++)
      return counted
    })
    const [one = 0, two = 0] = steps
    expect(two).toBeLessThan(2.5 * one + 100)
    return judge(n, () => undefined)
  }
  const create = createEvent('10')
  const known = (events: readonly Pdu[], count: () => void) => {
    const byId = new Map(events.map((event) => [event.eventId, event]))
    return { get: (id: string) => (count(), byId.get(id)), isRejected: () => (count(), false) }
  }

  it('referenced events', () => {
    const judge = (n: number, count: () => void) => {
      const members = Array.from({ length: n }, (_, i) => member('10', `@u${i}:a.test`, 'join'))
      const auth = [create, ...members].map(({ eventId }) => eventId)
      return checkAuthEvents(makeEvent('10', { auth }), known([create, ...members], count))
    }
    expect(expectLinear(judge, 2_000).allowed).toBe(false)
  })

  it('an event that references itself, and one that references what nobody has', () => {
    let steps = 0
    const count = () => void steps++
    const event = makeEvent('10', {})
    const self = { ...event, authEvents: [event.eventId], content: {}, json: event.json }
    expect(checkAuthEvents(self, known([self], count)).allowed).toBe(false)
    expect(checkAuthEvents(makeEvent('10', { auth: ['$x'] }), known([], count)).allowed).toBe(false)
    expect(steps).toBeLessThan(10)
  })

  const levels = (version: string, users: object, count: () => void): Pdu => {
    const event = makeEvent(version, {
      type: 'm.room.power_levels',
      key: '',
      content: { users: { ...users } },
    })
    const { authEvents, depth, eventId, json, originServerTs, prevEvents, redacts, roomId, rules } = event
    const { sender, stateKey, type } = event
    const own = { authEvents, depth, eventId, json, originServerTs, prevEvents, redacts, roomId, rules }
    return { ...own, sender, stateKey, type, content: counting(event.content, count) }
  }
  const users = (n: number) =>
    Object.fromEntries(Array.from({ length: n }, (_, i) => [`@u${i}:a.test`, i % 50]))

  it('levels', () => {
    const judge = (n: number, count: () => void) => {
      const state = authStateOf([
        create,
        member('10', '@alice:a.test', 'join'),
        levels('10', { ...users(n), '@alice:a.test': 100 }, count),
      ])
      return checkAuth(levels('10', { ...users(n), '@alice:a.test': 99 }, count), state)
    }
    expect(expectLinear(judge, 2_000).allowed).toBe(true)
  })

  it('creators', () => {
    const judge = (n: number, count: () => void) => {
      const creators = createEvent('12', { additional_creators: Object.keys(users(n)) })
      const state = authStateOf([creators, member('12', '@alice:a.test', 'join')])
      return checkAuth(levels('12', users(n), count), state)
    }
    expect(expectLinear(judge, 2_000).rule).toBe('v12 10.4')
  })

  it('levels nested deep', () => {
    const judge = (n: number, count: () => void) => {
      const deep = JSON.parse(`${'['.repeat(n)}${']'.repeat(n)}`) as unknown
      const state = authStateOf([create, member('10', '@alice:a.test', 'join')])
      return checkAuth(levels('10', { '@a:a.test': deep }, count), state)
    }
    expect(expectLinear(judge, 450).rule).toBe('v10 9.3')
  })
})
