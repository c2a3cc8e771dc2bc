import { selectAuthEvents } from '@roomserver/auth'
import { type RandomEvent, randomRoom, seededRandom } from '@roomserver/testing/reference-resolution'
import { finish, NO_NID, type SnapshotRecord } from '@roomserver/types'
import { ROOM_VERSIONS, type RoomVersionRules } from '@roomserver/version'
import { expect, it } from 'vitest'
import {
  ContinuedResolution,
  resolveSnapshots,
  type SnapshotReader,
  stateEntries,
  type StateMap,
  stateMap,
} from '../src/index.ts'
import { ALICE, BOB, OPEN_STATE, openRoom } from './room.ts'
import { TestStore } from './store.ts'

const versions = [...ROOM_VERSIONS.values()].filter((rules) => ContinuedResolution.serves(rules))

it('leaves the first algorithm and 2.1 to a resolution from scratch', () => {
  const others = [...ROOM_VERSIONS.values()].filter((rules) => !versions.includes(rules))
  expect(new Set(others.map((rules) => rules.stateResolution))).toEqual(new Set(['v1', 'v2.1']))
})

/** For each version; each has seeds of its own. */
const SEEDS = 7

/** A room in a store: the state after each event, and the one that it was made upon. */
interface History {
  readonly stored: TestStore
  readonly steps: readonly { readonly on: SnapshotRecord; readonly after: SnapshotRecord }[]
}

/** A room that forks and merges. */
function mergingHistory(rules: RoomVersionRules, seed: number): History {
  const { events, room } = randomRoom(rules, 20 + (seed % 40), seed, 'as-deployed')
  const stored = new TestStore()
  const after = new Map<RandomEvent, SnapshotRecord>()
  for (const event of events) {
    const base = event.prev.map((prev) => after.get(prev)!)[0]
    const before = base && stored.apply(base, changes(stored, stored.stateOf(base), event))
    const isIn = event.after !== event.before
    const isRejected = room.isRejected(event.pdu.eventId)
    after.set(event, stored.store(event.pdu, { before, isIn, isRejected }))
  }
  const steps = events.slice(5).map((event) => ({ on: after.get(event.prev[0]!)!, after: after.get(event)! }))
  return { stored, steps }
}

function changes(stored: TestStore, from: StateMap, { before }: RandomEvent) {
  const to = stateMap([...before.values()].map((pdu) => [pdu.type, pdu.stateKey ?? '', pdu.eventId]))
  const gone = [...stateEntries(from)].filter(([type, key]) => !to.get(type)?.has(key))
  return [
    ...gone.map(([type, key]) => stored.entry(type, key, undefined)),
    ...[...stateEntries(to)].map((entry) => stored.entry(...entry)),
  ]
}

const CAROL = '@carol:c.test'
const USERS = [ALICE, BOB, CAROL] as const

/** A room that forks anywhere, of events that quarrel about power and cite by the state that they are made upon. */
function quarrel(rules: RoomVersionRules, seed: number): History {
  const random = seededRandom(seed)
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!
  const room = openRoom(rules.version)
  const stored = new TestStore()
  const states: SnapshotRecord[] = []
  for (const pdu of room.all()) states.push(stored.store(pdu, { before: states.at(-1) }))
  states.splice(0, states.length - 1)
  const steps: { readonly on: SnapshotRecord; readonly after: SnapshotRecord }[] = []
  for (let i = 0; i < 40; i++) {
    const on = states[random(3) === 0 ? 0 : random(states.length)]!
    const { content, sender, stateKey, type } = quarrelsome(pick, random)
    const ids = stored.stateOf(on)
    const state = { get: (kind: string, key: string) => room.events(ids.get(kind)?.get(key) ?? '') }
    const cited = selectAuthEvents({ type, sender, stateKey, content }, state, rules).map(
      ({ eventId }) => eventId,
    )
    if (random(6) === 0) cited.push(pick([...room.all()]).eventId)
    const id = `$${random(1000)}-${i}`
    room.sendReferencing(id, type, sender, stateKey, content, [...new Set(cited)], 100 + random(8))
    const after = stored.store(room.events(id)!, { before: on, isRejected: random(25) === 0 })
    states.push(after)
    steps.push({ on, after })
  }
  return { stored, steps }
}

function quarrelsome(pick: <T>(list: readonly T[]) => T, random: (n: number) => number) {
  const sender = pick(USERS)
  const kind = random(6)
  if (kind < 2) {
    const users = { [ALICE]: 100, [BOB]: pick([0, 50, 50, 100]), [CAROL]: pick([0, 50]) }
    const content = { users, state_default: pick([0, 0, 50]), ban: pick([0, 50]), kick: 0 }
    return { type: 'm.room.power_levels', stateKey: '', sender, content }
  }
  if (kind === 2) {
    const content = { join_rule: pick(['public', 'invite']) }
    return { type: 'm.room.join_rules', stateKey: '', sender, content }
  }
  if (kind < 5) {
    const membership = pick(['join', 'join', 'ban', 'leave'])
    const stateKey = membership === 'join' ? sender : pick(USERS)
    return { type: 'm.room.member', stateKey, sender, content: { membership } }
  }
  return { type: 'm.room.topic', stateKey: pick(['', 'a', 'b']), sender, content: {} }
}

/** Resolves the states of a room that grows and merges, going on each time, and compares with a resolution from scratch. */
function grow({ stored, steps }: History, rules: RoomVersionRules, seed: number) {
  const random = seededRandom(seed)
  const continued = new ContinuedResolution(rules)
  const tips = new Set<SnapshotRecord>()
  let current: SnapshotRecord | undefined
  let count = 0
  for (const { after, on } of steps) {
    tips.add(after)
    // Some come without the one that they build on, some with another one in its place, and some merge many.
    if (random(3) === 0) tips.delete(on)
    if (random(12) === 0) for (const tip of tips) if (random(2) === 0) tips.delete(tip)
    const states = [...tips].toSorted(() => random(3) - 1)
    if (states.length < 2) continue
    const outcome = finish(resolveSnapshots(states, stored, { rules }))
    const expected = stored.apply(states[outcome.base], outcome.changes)
    const nids = new Set(states.map(({ nid }) => nid))
    const gone = finish(continued.goOn(nids, current?.nid ?? NO_NID, stored))
    if (gone === undefined) {
      current = expected
    } else {
      count++
      current = stored.apply(stored.snapshot(gone.from), gone.changes)
      expect(stored.idsIn(current), `${rules.version}, seed ${seed}`).toEqual(stored.idsIn(expected))
      const conflicts = new Map(outcome.conflicted.map((one) => [`${one.type}/${one.stateKey}`, one]))
      for (const one of gone.conflicted) expect(one).toEqual(conflicts.get(`${one.type}/${one.stateKey}`))
    }
    continued.endAt(current.nid)
  }
  return { count, runs: continued.work.runs }
}

it.each(versions.map((rules, index) => [rules.version, rules, index] as const))(
  'comes to the same state as a resolution from scratch when it goes on from the one before, in version %s',
  (_, rules, index) => {
    let [count, runs] = [0, 0]
    for (let seed = index * SEEDS + 1; seed <= (index + 1) * SEEDS; seed++) {
      for (const history of [mergingHistory(rules, seed), quarrel(rules, seed)]) {
        const done = grow(history, rules, seed)
        count += done.count
        runs += done.runs
      }
    }
    expect(count).toBeGreaterThan(20 * SEEDS)
    expect(runs, 'that it went on mostly').toBeLessThan(count / 2)
  },
)

it('checks what comes in at the moment when an event goes that was to be checked again', () => {
  const rules = versions.find(({ version }) => version === '6')!
  const { count } = grow(mergingHistory(rules, 629), rules, 629)
  expect(count).toBeGreaterThan(30)
})

const AUTH = '$create $alice $levels'
const levels = (user: string) => ({ users: { [ALICE]: 100, [BOB]: 50, [user]: 40 }, state_default: 0 })

/** What a fan of forks is made of: event number `i`, sent beside all others. */
const KINDS: Readonly<Record<string, (room: ReturnType<typeof openRoom>, id: string, i: number) => void>> = {
  'state events with different keys': (room, id, i) =>
    room.send(id, 'org.example', BOB, `${i}`, {}, `${AUTH} $bob`),
  'the same key': (room, id) => room.send(id, 'm.room.topic', ALICE, '', {}, AUTH),
  'joins of different users': (room, id, i) =>
    room.send(id, 'm.room.member', `@${i}:c`, `@${i}:c`, { membership: 'join' }, '$create $levels $public'),
  'power levels': (room, id, i) => room.send(id, 'm.room.power_levels', ALICE, '', levels(`@${i}:c`), AUTH),
  bans: (room, id, i) => room.send(id, 'm.room.member', ALICE, `@${i}:c`, { membership: 'ban' }, AUTH),
  kicks: (room, id) => room.send(id, 'm.room.member', ALICE, BOB, { membership: 'leave' }, `${AUTH} $bob`),
  'join rules': (room, id) => room.send(id, 'm.room.join_rules', ALICE, '', { join_rule: 'invite' }, AUTH),
}

it.each(Object.entries(KINDS))(
  'takes no more steps for the thousandth fork than for the hundredth: %s',
  (_, send) => {
    const room = openRoom('10')
    for (let i = 0; i < 1000; i++) send(room, `$${i}`, i)
    const stored = new TestStore()
    let base: SnapshotRecord | undefined
    const forks: SnapshotRecord[] = []
    for (const pdu of room.all()) {
      const after = stored.store(pdu, { before: base })
      if (OPEN_STATE.split(' ').includes(pdu.eventId)) base = after
      else forks.push(after)
    }
    let steps = 0
    const reader = counting(stored, () => steps++)
    const continued = new ContinuedResolution(room.rules)
    let current: SnapshotRecord | undefined
    const costs = new Map<number, number>()
    for (let size = 2; size <= 1000; size++) {
      const [before, { checked, compared }] = [steps, continued.work]
      const nids = new Set(forks.slice(0, size).map(({ nid }) => nid))
      const outcome = finish(continued.goOn(nids, current?.nid ?? NO_NID, reader))
      const { work } = continued
      costs.set(size, steps - before + (work.checked - checked) + (work.compared - compared))
      if (outcome !== undefined) current = stored.apply(stored.snapshot(outcome.from), outcome.changes)
      if (current !== undefined) continued.endAt(current.nid)
    }
    expect(continued.work.runs).toBe(1)
    expect(continued.bytes, 'what is kept of each event is counted').toBeGreaterThan(1_000_000)
    expect(costs.get(100)).toBeLessThan(100)
    for (const size of [250, 500, 999, 1000]) expect(costs.get(size)).toBeLessThanOrEqual(costs.get(100) ?? 0)
    const { base: from, changes } = finish(resolveSnapshots(forks, stored, { rules: room.rules }))
    expect(stored.idsIn(current!)).toEqual(stored.idsIn(stored.apply(forks[from], changes)))
  },
)

/** A reader that tells of each thing that it is asked for. */
function counting(stored: TestStore, onStep: () => void): SnapshotReader {
  const counted = <A extends unknown[], R>(read: (...args: A) => R) => {
    return (...args: A): R => {
      onStep()
      return read(...args)
    }
  }
  return {
    block: counted((nid) => stored.block(nid)),
    event: counted((nid) => stored.event(nid)),
    eventById: counted((id) => stored.eventById(id)),
    snapshot: counted((nid) => stored.snapshot(nid)),
    authPduOf: counted((record) => stored.authPduOf(record)),
    typeNid: counted((name) => stored.typeNid(name)),
    stateKeyNid: counted((text) => stored.stateKeyNid(text)),
  }
}
