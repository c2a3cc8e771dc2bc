import { type Pdu, trustedPdu } from '@roomserver/events'
import {
  keyOf,
  type RandomEvent,
  type RandomRoom,
  randomRoom,
  resolveSlowly,
  seededRandom,
  type SlowSteps,
  slowSteps,
  type State,
} from '@roomserver/testing/reference-resolution'
import { finish, type SnapshotRecord } from '@roomserver/types'
import { ROOM_VERSIONS, type RoomVersionRules } from '@roomserver/version'
import { expect, it } from 'vitest'
import {
  type ResolutionTrace,
  resolveSnapshots,
  resolveState,
  type StateMap,
  stateEntries,
  stateMap,
} from '../src/index.ts'
import { resolveCold } from './cold-reader.ts'
import { TestStore } from './store.ts'

const READINGS = ['as-deployed', 'as-specified'] as const
const SEEDS = 30

/** `type NUL key NUL id`, sorted: states in a form that compares well. */
const lines = (state: StateMap): string[] =>
  [...stateEntries(state)].map((entry) => entry.join('\u0000')).toSorted()
const mapOf = (state: State): StateMap =>
  stateMap([...state.values()].map((pdu) => [pdu.type, pdu.stateKey ?? '', pdu.eventId]))

/** What the slow twin and a trace must agree upon besides the result. */
const slowTrace = ({ authDifference, power, remaining, subgraph }: SlowSteps) => ({
  authDifference: idsOf(authDifference).toSorted(),
  subgraph: idsOf(subgraph).toSorted(),
  judged: [...idsOf(power), ...idsOf(remaining)],
})
const idsOf = (events: Iterable<Pdu>) => Array.from(events, ({ eventId }) => eventId)
const fastTrace = (trace: ResolutionTrace | undefined) => ({
  authDifference: (trace?.authDifference ?? []).toSorted(),
  subgraph: (trace?.subgraph ?? []).toSorted(),
  judged: (trace?.judged ?? []).map(({ event }) => event),
})

/** Random events whose states are to be resolved. */
function pickTips({ events }: RandomRoom, seed: number): RandomEvent[] {
  const random = seededRandom(seed)
  return Array.from({ length: 2 + random(4) }, () => events[random(events.length)]!)
}

/** The room as a store would have it; the state after each event as a snapshot. */
function store({ events, room }: RandomRoom): {
  stored: TestStore
  after: Map<RandomEvent, SnapshotRecord>
} {
  const stored = new TestStore()
  const after = new Map<RandomEvent, SnapshotRecord>()
  for (const event of events) {
    const base = event.prev.map((prev) => after.get(prev)!)[0]
    const before = base && stored.apply(base, changes(stored, stored.stateOf(base), mapOf(event.before)))
    const isIn = event.after !== event.before
    const isRejected = room.isRejected(event.pdu.eventId)
    after.set(event, stored.store(event.pdu, { before, isIn, isRejected }))
  }
  return { stored, after }
}

function changes(stored: TestStore, from: StateMap, to: StateMap) {
  const gone = [...stateEntries(from)].filter(([type, key]) => !to.get(type)?.has(key))
  return [
    ...gone.map(([type, key]) => stored.entry(type, key, undefined)),
    ...[...stateEntries(to)].map((entry) => stored.entry(...entry)),
  ]
}

const versions = [...ROOM_VERSIONS.values()].map((rules) => [rules.version, rules] as const)

it.each(versions)('agrees with the slow twin on random rooms of version %s', (_, rules: RoomVersionRules) => {
  for (const chain of READINGS) {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const made = randomRoom(rules, 14 + seed, seed, chain)
      const tips = pickTips(made, seed)
      const slow = lines(
        mapOf(
          resolveSlowly(
            tips.map((tip) => tip.after),
            rules,
            made.room,
          ),
        ),
      )
      const sets = tips.map((tip) => mapOf(tip.after))
      const options = { version: rules, chain, events: made.room.event, isRejected: made.room.isRejected }
      const { state } = resolveState(sets, options)
      expect(lines(state), `maps, ${chain}, seed ${seed}`).toEqual(slow)

      const reversed = resolveState(sets.toReversed(), { ...options, trace: true })
      expect(lines(reversed.state), `sets reversed, ${chain}, seed ${seed}`).toEqual(slow)
      expect(lines(resolveState([state, state], options).state), 'a result with itself').toEqual(slow)
      expect(resolveState([state], options).state, 'one set').toEqual(state)

      const { stored, after } = store(made)
      const snapshots = tips.map((tip) => after.get(tip)!)
      const outcome = finish(resolveSnapshots(snapshots, stored, { rules, chain, trace: true }))
      const resolved = stored.stateOf(stored.apply(snapshots[outcome.base], outcome.changes))
      expect(lines(resolved), `snapshots, ${chain}, seed ${seed}`).toEqual(slow)

      const cold = resolveCold(stored, snapshots, { rules, chain, trace: true }).outcome
      expect(cold, `from a cold store, ${chain}, seed ${seed}`).toEqual(outcome)

      if (rules.stateResolution === 'v1') continue
      const steps = slowTrace(
        slowSteps(
          tips.map((tip) => tip.after),
          rules,
          made.room,
        ),
      )
      expect(fastTrace(reversed.trace), `trace from maps, ${chain}, seed ${seed}`).toEqual(steps)
      expect(fastTrace(outcome.trace), `from snapshots, ${chain}, seed ${seed}`).toEqual(steps)
    }
  }
})

/** A create event of somebody else's room, which has no business here. */
const elsewhere = (rules: RoomVersionRules): Pdu =>
  trustedPdu(
    { type: 'm.room.create', state_key: '', sender: '@eve:b.test', content: {}, origin_server_ts: 9_999 },
    '$elsewhere',
    rules,
  )

it('agrees with the slow twin of version 12 where state sets lack the create event or hold another', () => {
  const rules = ROOM_VERSIONS.get('12')!
  const create = keyOf('m.room.create', '')
  for (let seed = 1; seed <= 4 * SEEDS; seed++) {
    const { room, ...made } = randomRoom(rules, 14 + (seed % SEEDS), seed, 'as-deployed')
    const random = seededRandom(seed)
    const foreign = elsewhere(rules)
    const event = (id: string) => (id === foreign.eventId ? foreign : room.event(id))
    const sets = pickTips({ ...made, room }, seed).map(({ after }): State => {
      const set = new Map(after)
      const way = random(3)
      if (way === 0) set.delete(create)
      if (way === 1) set.set(create, foreign)
      return set
    })
    const slow = lines(mapOf(resolveSlowly(sets, rules, { ...room, event })))
    const options = { version: rules, events: event, isRejected: room.isRejected }
    const { state } = resolveState(sets.map(mapOf), options)
    expect(lines(state), `maps, seed ${seed}`).toEqual(slow)
    if (sets.some((set) => set.get(create)?.eventId === '$create')) {
      const whole = sets.map((set) => mapOf(new Map(set).set(create, room.event('$create')!)))
      expect(lines(resolveState(whole, options).state), `with it in all, seed ${seed}`).toEqual(slow)
    }

    const { stored } = store({ ...made, room })
    stored.store(foreign, { roomNid: 2 })
    const snapshots = sets.map((set) => stored.apply(undefined, changes(stored, stateMap([]), mapOf(set))))
    const outcome = finish(resolveSnapshots(snapshots, stored, { rules }))
    const resolved = stored.stateOf(stored.apply(snapshots[outcome.base], outcome.changes))
    expect(lines(resolved), `snapshots, seed ${seed}`).toEqual(slow)
    expect(resolveCold(stored, snapshots, { rules }).outcome, `cold, seed ${seed}`).toEqual(outcome)
  }
})
