import { type FederationApi, InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { blockHash, snapshotHash } from '@roomserver/state'
import { RoomBuilder, type TestEvent } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { rebuildRoom, auditRoom } from '../src/index.ts'
import { eventTask } from '../src/input/event-task.ts'
import { reconnectHistoryTask } from '../src/missing-events/reconnect-history-task.ts'
import { Homeserver } from './homeserver.ts'
import { otherServer } from './other-server.ts'

/**
 * What a server could do to a room of ours, if it were believed: it sends an event to us alone that names events which do
 * not exist, and tells the state before it as it was long ago. All events of that state are real.
 */

const idsOf = (events: readonly Pdu[]): readonly string[] => events.map(({ eventId }) => eventId)

/** A change that takes something away from the users of a dishonest server, and the state of the room before it. */
interface Change {
  readonly what: string
  readonly event: TestEvent
}

const LIAR = '@mallory:m'
const ACCOMPLICE = '@marvin:m'

const CHANGES: readonly Change[] = [
  {
    what: 'a demotion',
    event: { type: 'm.room.power_levels', sender: '', stateKey: '', content: { users: {} } },
  },
  {
    what: 'a ban',
    event: { type: 'm.room.member', sender: '', stateKey: ACCOMPLICE, content: { membership: 'ban' } },
  },
  {
    what: 'a kick',
    event: { type: 'm.room.member', sender: '', stateKey: ACCOMPLICE, content: { membership: 'leave' } },
  },
  {
    what: 'join rules',
    event: { type: 'm.room.join_rules', sender: '', stateKey: '', content: { join_rule: 'invite' } },
  },
  {
    what: 'a server ACL',
    event: {
      type: 'm.room.server_acl',
      sender: '',
      stateKey: '',
      content: { allow: ['*'], deny: ['evil.example'] },
    },
  },
  {
    what: 'a topic',
    event: { type: 'm.room.topic', sender: '', stateKey: '', content: { topic: 'new' } },
  },
]

/** Our server `b` with a room in which the liar had power once; `old` is the state of that time. */
async function roomWithLiar(version: string, { event }: Change) {
  const a = await Homeserver.start()
  const room = await RoomBuilder.create({ version })
  for (const user of ['@bob:b', LIAR, ACCOMPLICE]) await room.join(user)
  const creators = room.rules.auth.creatorsOutrankAll ? {} : { [room.creator]: 100 }
  const users = { ...creators, [LIAR]: 50, [ACCOMPLICE]: 50 }
  await room.state('m.room.power_levels', '', { users })
  await room.state('m.room.server_acl', '', { allow: ['*'] })
  await room.state('m.room.topic', '', { topic: 'old' })
  const old = [...new Map(room.events.map((one) => [`${one.type} ${one.stateKey}`, one])).values()]
  const content = event.type === 'm.room.power_levels' ? { users: creators } : (event.content ?? {})
  const change = await room.add({ ...event, content, sender: room.creator })
  await a.takeAll(room.events)
  const answers = await otherServer(a)
  const federation = {
    ...answers,
    lookupMissingEvents: async () => ({ events: [] }),
    getEvent: async () => Promise.reject(new Error('404 not found')),
    lookupStateIds: async ({ S }: Parameters<FederationApi['lookupStateIds']>[0]) => {
      if (S !== 'm') throw new Error('404 not found')
      return { pdu_ids: idsOf(old), auth_chain_ids: [] }
    },
  } as typeof answers as FederationApi
  const b = await Homeserver.start({ serverName: 'b', federation })
  await b.takeAll(room.events)
  const close = async (): Promise<void> => {
    await b[Symbol.asyncDispose]()
    await a[Symbol.asyncDispose]()
  }
  return { room, b, change, old, state: await b.current(room.roomId), [Symbol.asyncDispose]: close }
}

/** An event that no server has; what is built upon it has a past that nobody can get. */
function nothing(room: RoomBuilder, prev: readonly Pdu[]): Promise<Pdu> {
  return room.message('never sent', { sender: LIAR, prev })
}

const versions = ['1', '2', '6', '10', '11', '12']
const cases = versions.flatMap((version) => CHANGES.map((change) => ({ version, change, what: change.what })))

it.each(cases)('keeps $what where a server tells an older state, in version $version', async (one) => {
  await using scene = await roomWithLiar(one.version, one.change)
  const { room, b, change, state } = scene
  const lie = (prev: readonly Pdu[]) => room.message('hello', { sender: LIAR, prev })
  const hidden = await nothing(room, [change])

  // Upon our latest event and one that there is not.
  const first = await lie([change, hidden])
  expect(await b.take(first, { origin: 'm' })).toMatchObject({ verdict: 'accepted' })
  expect(await b.current(room.roomId)).toEqual(state)
  expect(await b.extremities(room.roomId)).toEqual(idsOf([change, first]).toSorted())

  // Upon nothing that there is; upon both; and a chain of such events.
  const second = await lie([hidden])
  const third = await lie([first, await nothing(room, [first])])
  await b.takeAll([second, third])
  const both = await lie([change, second, third])
  for (const event of [second, third, both]) {
    await b.take(event, { origin: 'm' })
    expect(await b.current(room.roomId)).toEqual(state)
  }
  const next = await room.message('on it goes', { prev: [both, change] })
  await b.take(next, { origin: 'a' })
  expect(await b.current(room.roomId)).toEqual(state)
})

const [demotion, ban] = CHANGES as [Change, Change]

it('tells state before an event that lacks some of its past from those prev events that are here, too', async () => {
  await using scene = await roomWithLiar('10', demotion)
  const { room, b, change, state } = scene
  const event = await room.message('hello', { sender: LIAR, prev: [change, await nothing(room, [change])] })
  await b.take(event, { origin: 'm' })
  const record = await b.event(event.eventId)
  expect(record && (await b.stateAt(record.before))).toEqual(state)
})

it('lets nobody do what only remote state allows, whatever prev events are here', async () => {
  await using scene = await roomWithLiar('10', demotion)
  const { room, b, change, old } = scene
  const hidden = await nothing(room, [change])
  const topic = { type: 'm.room.topic', sender: LIAR, stateKey: '', content: { topic: 'mine' } }
  const auth = old.filter(
    ({ type, stateKey }) =>
      ['m.room.create', 'm.room.power_levels'].includes(type) ||
      (type === 'm.room.member' && stateKey === LIAR),
  )
  // At the state before it, which the demotion is part of, it is not allowed, but for good only once its past is here.
  const upon = await room.add({ ...topic, prev: [change, hidden], auth })
  expect(await b.take(upon, { origin: 'm' })).toMatchObject({ kind: 'missing' })
  const beside = await room.add({ ...topic, prev: [hidden], auth })
  expect(await b.take(beside, { origin: 'm' })).toMatchObject({ verdict: 'soft-failed' })
})

it('lets nobody speak who is banned by what is known here', async () => {
  await using scene = await roomWithLiar('10', ban)
  const { room, b, change, state } = scene
  const hidden = await nothing(room, [change])
  const hello = await room.message('hello', {
    sender: ACCOMPLICE,
    prev: [hidden],
    auth: authOf(scene.old, false),
  })
  expect(await b.take(hello, { origin: 'm' })).toMatchObject({ verdict: 'soft-failed' })
  const rejoin = await room.join(ACCOMPLICE, { prev: [hidden], auth: authOf(scene.old, true) })
  expect(await b.take(rejoin, { origin: 'm' })).toMatchObject({ verdict: 'soft-failed' })
  expect(await b.current(room.roomId)).toEqual(state)
})

/** What an event of the accomplice could reference before the change. */
function authOf(state: readonly Pdu[], isJoin: boolean): readonly Pdu[] {
  const types = ['m.room.create', 'm.room.power_levels', ...(isJoin ? ['m.room.join_rules'] : [])]
  return state.filter(
    ({ type, stateKey }) => types.includes(type) || (type === 'm.room.member' && stateKey === ACCOMPLICE),
  )
}

/** A server could also name what others are about to say, and so have it taken for what its own event was built upon. */
it('lets an event count that somebody named before it came, and whose past is here', async () => {
  await using scene = await roomWithLiar('10', demotion)
  const { room, b, change } = scene
  const kick = await room.member(room.creator, ACCOMPLICE, 'ban', { prev: [change] })
  const lie = await room.message('hello', { sender: LIAR, prev: [kick, await nothing(room, [change])] })
  await b.take(lie, { origin: 'm' })
  await b.take(kick, { origin: 'a' })
  expect(await b.extremities(room.roomId)).toEqual(
    idsOf([change, kick, lie])
      .filter((id) => id !== change.eventId)
      .toSorted(),
  )
  expect(await b.current(room.roomId)).toContain(kick.eventId)
})

it('gives the place of what an event builds upon to it once its whole past is here', async () => {
  await using scene = await roomWithLiar('10', demotion)
  const { room, b, change, state } = scene
  const late = await room.message('late', { prev: [change] })
  const event = await room.message('hello', { sender: LIAR, prev: [change, late] })
  await b.take(event, { origin: 'm' })
  const upon = await room.message('hello again', { sender: LIAR, prev: [event] })
  await b.take(upon, { origin: 'm' })
  expect(await b.extremities(room.roomId)).toEqual(idsOf([change, upon]).toSorted())
  await b.take(late, { origin: 'a' })
  await b.input.settled()
  expect(await b.extremities(room.roomId)).toEqual([upon.eventId])
  expect(await b.current(room.roomId)).toEqual(state)
  const source = { store: b.storage, eventsOfRoom: b.storage.eventsOfRoom }
  for await (const wrong of auditRoom(source, await b.room(room.roomId))) expect.fail(wrong)
})

it('does not take the place of what is here by a page of the past either', async () => {
  await using scene = await roomWithLiar('10', ban)
  const { room, b, change, old, state } = scene
  // Soft-failed, and built upon an event of the past that comes with a state of its own.
  const past = await room.message('past', { sender: LIAR, prev: [change, await nothing(room, [change])] })
  const hello = await room.message('hello', { sender: ACCOMPLICE, prev: [past], auth: authOf(old, false) })
  expect(await b.take(hello, { origin: 'm' })).toMatchObject({ verdict: 'soft-failed' })
  const stateBefore = { by: 'repair', eventIds: idsOf(old) } as const
  await b.input.runTask(
    eventTask({ kind: 'old', pdu: past, sendAsServer: '', stateBefore, isAskedFor: true }),
  )
  await b.input.runTask(reconnectHistoryTask(past, [past.eventId]))
  await b.input.settled()
  expect(await b.extremities(room.roomId)).toContain(change.eventId)
  expect(await b.current(room.roomId)).toEqual(state)
})

/** A second user joins through another server: what that one tells of the room does not replace what we know of it. */
it('keeps what it knows of a room that its users are in when another one joins through a server', async () => {
  await using scene = await roomWithLiar('10', demotion)
  const { room, b, change, old, state } = scene
  const hidden = await nothing(room, [change])
  const join = await room.join('@carol:b', { prev: [hidden] })
  for (const event of old) await b.take(event, { kind: InputKind.outlier })
  const given = { has_state: true, state_event_ids: [...idsOf(old)] }
  expect(await b.take(join, { origin: 'm', ...given })).toMatchObject({ verdict: 'accepted' })
  expect(await b.current(room.roomId)).toEqual([...state, join.eventId].toSorted())
  expect(await b.extremities(room.roomId)).toEqual(idsOf([change, join]).toSorted())
  expect((await b.outputs()).at(-1)?.new_room_event).not.toHaveProperty('rewrites_state')
})

/** What keeps its place beside an event at remote state is no damage. */
it('has nothing to repair while what is here keeps its place', async () => {
  await using scene = await roomWithLiar('10', demotion)
  const { room, b, change } = scene
  await b.take(await room.message('hello', { sender: LIAR, prev: [change, await nothing(room, [change])] }))
  const found: string[] = []
  const parts = { store: b.storage, eventsOfRoom: b.storage.eventsOfRoom, input: b.input }
  for await (const wrong of rebuildRoom(parts, await b.room(room.roomId), { by: 'test', isDryRun: true })) {
    found.push(wrong)
  }
  const { nid } = await b.room(room.roomId)
  found.push(
    ...(await b.storage.checkRoom(nid, { blockHash, snapshotHash })).findings.map(({ what }) => what),
  )
  expect(found).toEqual([])
})
