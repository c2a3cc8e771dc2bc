import type { Pdu } from '@roomserver/events'
import { finish, isFailure, type SnapshotRecord } from '@roomserver/types'
import { expect, it } from 'vitest'
import { ALICE, BOB, OPEN_STATE, openRoom, type TestRoom } from '../../test/room.ts'
import { TestStore } from '../../test/store.ts'
import { stateEntries } from '../state-map.ts'
import { resolveSnapshots } from './resolve-snapshots.ts'
import { resolveState } from './resolve-state.ts'

/** Bob sets a topic while Alice bans Bob. */
function banAndTopic(version: string): { room: TestRoom; sides: readonly [string, string] } {
  const create = version === '12' ? '' : '$create '
  const room = openRoom(version)
    .send('$cats', 'm.room.topic', ALICE, '', { topic: 'Cats' }, `${create}$levels $alice`)
    .send('$ban', 'm.room.member', ALICE, BOB, { membership: 'ban' }, `${create}$levels $alice $bob`)
    .send('$dogs', 'm.room.topic', BOB, '', { topic: 'Dogs' }, `${create}$levels $bob`)
    .send('$name', 'm.room.name', BOB, '', { name: 'Kennel' }, `${create}$levels $bob`)
  return { room, sides: ['$cats $ban', '$bob $dogs $name'] }
}

const COMMON = '$create $alice $levels $public'

function stored(version: string): { store: TestStore; snapshots: readonly SnapshotRecord[]; room: TestRoom } {
  const { room, sides } = banAndTopic(version)
  const store = TestStore.of(room)
  const base = store.enter(undefined, COMMON)
  return { room, store, snapshots: sides.map((side) => store.enter(base, side)) }
}

it.each(['1', '9', '12'])('comes to the same state as plain maps do, in version %s', (version) => {
  const { room, snapshots, store } = stored(version)
  const outcome = finish(resolveSnapshots(snapshots, store, { rules: room.rules, trace: true }))
  const { sides } = banAndTopic(version)
  const sets = sides.map((side) => room.state(`${COMMON} ${side}`))
  const plain = resolveState(sets, { version, events: room.events, trace: true })
  const resolved = store.apply(snapshots[outcome.base], outcome.changes)
  expect(store.idsIn(resolved)).toEqual([...stateEntries(plain.state)].map(([, , id]) => id).toSorted())
  expect(outcome.trace?.conflicts.map(({ winner }) => winner).toSorted()).toEqual(
    plain.trace?.conflicts.map(({ winner }) => winner).toSorted(),
  )
})

it('names the conflicted entries, and changes the input that is nearest', () => {
  const { room, snapshots, store } = stored('9')
  const { base, changes, conflicted } = finish(resolveSnapshots(snapshots, store, { rules: room.rules }))
  expect(base).toBe(0)
  expect(changes).toEqual([])
  expect(
    conflicted.map(({ candidates, winner }) => [candidates, winner].map((nids) => store.idsOf(nids))),
  ).toEqual([
    [['$bob', '$ban'], ['$ban']],
    [['$cats', '$dogs'], ['$cats']],
    [['$name'], []],
  ])
})

it.each(['1', '10', '12'])(
  'resolves a fan of forks of every kind as plain maps, in version %s',
  (version) => {
    const create = version === '12' ? '' : '$create '
    const room = openRoom(version)
    const [cites, ofBob] = [`${create}$levels $alice`, `${create}$levels $bob`]
    const kinds = [
      (id: string, i: number) => room.send(id, 'm.room.topic', BOB, '', { topic: `${i}` }, ofBob, 100 - i),
      (id: string, i: number) => room.send(id, 'org.example', ALICE, `${i}`, {}, cites),
      (id: string, i: number) => {
        const user = `@user${i}:c.test`
        return room.send(id, 'm.room.member', user, user, { membership: 'join' }, `${create}$levels $public`)
      },
      (id: string, i: number) =>
        room.send(
          id,
          'm.room.member',
          ALICE,
          i % 2 === 0 ? BOB : `@x${i}:b.test`,
          { membership: 'ban' },
          cites,
        ),
      (id: string, i: number) => {
        const users = version === '12' ? { [BOB]: i } : { [ALICE]: 100, [BOB]: i }
        return room.send(id, 'm.room.power_levels', ALICE, '', { users, state_default: 0 }, cites)
      },
    ]
    const forks = Array.from({ length: 80 }, (_, i) => {
      kinds[i % kinds.length]?.(`$fork${i}`, i)
      return `$fork${i}`
    })
    const store = TestStore.of(room)
    const base = store.enter(undefined, OPEN_STATE)
    const older = store.enter(undefined, '$create $alice $levels')
    const snapshots = [...forks.map((fork) => store.enter(base, fork)), older]
    const outcome = finish(resolveSnapshots(snapshots, store, { rules: room.rules, trace: true }))
    const sets = [
      ...forks.map((fork) => room.state(`${OPEN_STATE} ${fork}`)),
      room.state('$create $alice $levels'),
    ]
    const plain = resolveState(sets, { version, events: room.events, trace: true })
    const sorted = outcome.changes.toSorted((a, b) => a.type - b.type || a.stateKey - b.stateKey)
    expect(outcome.changes).toEqual(sorted)
    const resolved = store.apply(snapshots[outcome.base], outcome.changes)
    expect(store.idsIn(resolved)).toEqual([...stateEntries(plain.state)].map(([, , id]) => id).toSorted())
    const byEntry = (list: readonly { readonly type: string; readonly stateKey: string }[] = []) =>
      list.toSorted((a, b) => (`${a.type} ${a.stateKey}` < `${b.type} ${b.stateKey}` ? -1 : 1))
    expect(byEntry(outcome.trace?.conflicts)).toEqual(byEntry(plain.trace?.conflicts))
    expect(outcome.trace?.changes.map(byEntry)).toEqual(plain.trace?.changes.map(byEntry))
  },
)

it('has nothing to do where nothing differs', () => {
  const { room, snapshots, store } = stored('9')
  const [one] = snapshots
  const nothing = { base: 0, changes: [], conflicted: [], trace: undefined }
  expect(finish(resolveSnapshots([one!, one!], store, { rules: room.rules }))).toEqual(nothing)
  expect(finish(resolveSnapshots([one!], store, { rules: room.rules }))).toEqual(nothing)
  expect(finish(resolveSnapshots([], store, { rules: room.rules }))).toEqual(nothing)
})

it('goes on without auth events that are gone, and fails without the events in conflict', () => {
  const { room, snapshots, store } = stored('9')
  const resolve = () => {
    const resolving = resolveSnapshots(snapshots, store, { rules: room.rules })
    for (;;) {
      const step = resolving.next()
      if (step.done === true) return step.value
    }
  }
  store.lose('$levels')
  expect(store.idsOf(resolve().conflicted.map(({ winner }) => winner))).toContain('$cats')
  store.lose('$cats')
  store.lose('$dogs')
  try {
    expect(resolve()).toBe('a failure')
  } catch (error) {
    expect(isFailure(error, 'STORE_DAMAGED')).toBe(true)
  }
})

it('takes rejected events for what they are', () => {
  const room = openRoom()
    .send('$bad', 'm.room.topic', ALICE, '', {}, '$create $levels $alice', 9)
    .send('$good', 'm.room.topic', ALICE, '', {}, '$create $levels $alice', 1)
  const store = TestStore.of(room, ['$bad'])
  const base = store.enter(undefined, OPEN_STATE)
  const snapshots = ['$bad', '$good'].map((id) => store.enter(base, id))
  const { conflicted } = finish(resolveSnapshots(snapshots, store, { rules: room.rules }))
  expect(store.idsOf(conflicted.map(({ winner }) => winner))).toEqual(['$good'])
})

it.each(['2', '10', '12'])(
  'counts as common what the unconflicted part cites by way of other events, in version %s',
  (version) => {
    const create = version === '12' ? '' : '$create '
    const room = openRoom(version)
      .send('$l2', 'm.room.power_levels', ALICE, '', {}, `${create}$alice $levels`)
      .send('$l3', 'm.room.power_levels', ALICE, '', {}, `${create}$alice $l2`)
      .send('$topic', 'm.room.topic', ALICE, '', {}, `${create}$alice $levels`)
    const common = '$create $alice $l3'
    for (const chain of ['as-deployed', 'as-specified'] as const) {
      const store = TestStore.of(room)
      const base = store.enter(undefined, common)
      const snapshots = [base, store.enter(base, '$topic')]
      const options = { rules: room.rules, chain, trace: true }
      expect(finish(resolveSnapshots(snapshots, store, options)).trace?.authDifference).toEqual([])
      const sets = [room.state(common), room.state(`${common} $topic`)]
      const plain = resolveState(sets, { version, events: room.events, chain, trace: true })
      expect(plain.trace?.authDifference).toEqual([])
    }
  },
)

it('does not look for citations of another room in the unconflicted part', () => {
  const room = openRoom()
    .send('$l2', 'm.room.power_levels', ALICE, '', {}, '$create $alice $levels')
    .send('$topic', 'm.room.topic', ALICE, '', {}, '$create $alice $levels')
  const store = new TestStore()
  for (const pdu of room.all()) store.store(pdu, { roomNid: pdu.eventId === '$l2' ? 2 : 1 })
  const base = store.enter(undefined, '$create $alice $l2')
  const snapshots = [base, store.enter(base, '$topic')]
  const { trace } = finish(resolveSnapshots(snapshots, store, { rules: room.rules, trace: true }))
  expect(trace?.authDifference).toEqual(['$levels'])
})

/** A room whose events count how often somebody reads their type. */
function countingStore(room: TestRoom): { readonly store: TestStore; readonly reads: () => number } {
  let reads = 0
  const store = TestStore.of(room)
  const counted = new Map<string, Pdu>()
  for (const pdu of room.all()) {
    const get = (target: Pdu, member: string | symbol): unknown => {
      if (member === 'type') reads++
      return Reflect.get(target, member, target)
    }
    counted.set(pdu.eventId, new Proxy(pdu, { get }))
  }
  const authPduOf = store.authPduOf.bind(store)
  store.authPduOf = (record) => counted.get(record.eventId) ?? authPduOf(record)
  return { store, reads: () => reads }
}

it.each([
  ['bans', 'm.room.member', { membership: 'ban' }, 124],
  ['other events', 'org.example', {}, 102],
])(
  'gives others a turn over and over while it orders and judges thousands of %s',
  (_what, type, content, turns) => {
    const count = 3_000
    const room = openRoom()
    for (let i = 0; i < count; i++)
      room.send(`$x${i}`, type, ALICE, `@u${i}:c.test`, content, '$create $alice $levels')
    const { reads, store } = countingStore(room)
    const base = store.enter(undefined, OPEN_STATE)
    const all = Array.from({ length: count }, (_, i) => `$x${i}`).join(' ')
    const snapshots = [base, store.enter(base, all)]
    const atOnce: number[] = []
    let before = reads()
    const resolving = resolveSnapshots(snapshots, store, { rules: room.rules })
    for (let isDone = false; !isDone; before = reads()) {
      isDone = resolving.next().done === true
      atOnce.push(reads() - before)
    }
    expect(reads()).toBeGreaterThan(2 * count)
    expect(Math.max(...atOnce)).toBeLessThan(count)
    // Each walk over the events gives turns; one that gives none any more makes them fewer.
    expect(atOnce).toHaveLength(turns)
  },
)
