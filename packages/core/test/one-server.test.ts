import { type FederationApi, InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { auditRoom } from '../src/index.ts'
import { Homeserver } from './homeserver.ts'
import { otherServer } from './other-server.ts'

/**
 * What one server says to some servers and not to others, or sooner to some: in the end all have the same room. It tells
 * the state before its own events as it was long ago.
 */

const LIAR = '@mallory:m'
const ACCOMPLICE = '@marvin:m'

/** What the liar tells a server of the state before its events: real events of long ago, and some that it made up. */
interface Lie {
  readonly old: readonly Pdu[]
  readonly forged: readonly Pdu[]
  readonly server: string
}
type LieTo = (lie: Lie) => readonly Pdu[]

const idsOf = (events: readonly Pdu[]): readonly string[] => events.map(({ eventId }) => eventId)

/** A room in which the liar has some power, its state, and servers with a user in it that ask whom they like. */
async function roomOf(version: string, lie: LieTo = ({ old }) => old) {
  const a = await Homeserver.start()
  const room = await RoomBuilder.create({ version })
  for (const user of ['@bob:b', '@carol:c', LIAR, ACCOMPLICE]) await room.join(user)
  const creators = room.rules.auth.creatorsOutrankAll ? {} : { [room.creator]: 100 }
  await room.state('m.room.power_levels', '', { users: { ...creators, [LIAR]: 50, [ACCOMPLICE]: 50 } })
  await room.state('m.room.topic', '', { topic: 'old' })
  const known = [...room.events]
  const old = [...new Map(known.map((one) => [`${one.type} ${one.stateKey}`, one])).values()]
  const forged: Pdu[] = []
  await a.takeAll(known)
  const answers = await otherServer(a)
  const federationOf = (server: string) =>
    ({
      ...answers,
      lookupMissingEvents: async () => ({ events: [] }),
      getEvent: async () => Promise.reject(new Error('404 not found')),
      lookupStateIds: async ({ S }: Parameters<FederationApi['lookupStateIds']>[0]) => {
        if (S !== 'm') throw new Error('404 not found')
        return { pdu_ids: idsOf(lie({ old, forged, server })), auth_chain_ids: [] }
      },
    }) as typeof answers as FederationApi
  const servers: Homeserver[] = []
  const server = async (serverName: string): Promise<Homeserver> => {
    const hs = await Homeserver.start({ serverName, federation: federationOf(serverName) })
    servers.push(hs)
    await hs.takeAll(known)
    return hs
  }
  const close = async (): Promise<void> => {
    for (const one of [a, ...servers]) await one[Symbol.asyncDispose]()
  }
  return { room, old, forged, creators, server, [Symbol.asyncDispose]: close }
}

async function holds(hs: Homeserver, room: RoomBuilder, events: readonly Pdu[]) {
  const states = []
  for (const { eventId } of events) {
    const record = await hs.event(eventId)
    const [before, after] = record === undefined ? [] : [record.before, record.after]
    states.push({
      eventId,
      isRejected: record?.verdict.startsWith('rejected'),
      before: before && (await hs.stateAt(before)),
      after: after && (await hs.stateAt(after)),
    })
  }
  return { states, current: await hs.current(room.roomId), extremities: await hs.extremities(room.roomId) }
}

async function expectWhole(hs: Homeserver, { roomId }: RoomBuilder): Promise<void> {
  const source = { store: hs.storage, eventsOfRoom: hs.storage.eventsOfRoom }
  for await (const wrong of auditRoom(source, await hs.room(roomId))) expect.fail(wrong)
}

it.each(
  ['1', '2', '10', '12'].flatMap((version) => ['demotion', 'leave'].map((what) => ({ version, what }))),
)(
  'has the same state before an event, whether a $what that it builds upon came first or later, in version $version',
  async ({ version, what }) => {
    await using scene = await roomOf(version)
    const { room, creators } = scene
    const [soon, late] = [await scene.server('b'), await scene.server('c')]
    const fork = room.events.slice(-1)
    const first =
      what === 'leave'
        ? await room.member(ACCOMPLICE, ACCOMPLICE, 'leave', { prev: fork })
        : await room.state('m.room.power_levels', '', { users: creators }, { prev: fork })
    const hidden = await room.message('never sent', { sender: LIAR, prev: fork })
    const both = await room.message('hello', { sender: LIAR, prev: [first, hidden] })
    const topic = { type: 'm.room.topic', sender: ACCOMPLICE, stateKey: '', content: { topic: 'mine' } }
    const auth = scene.old.filter(
      ({ type, stateKey }) =>
        type === 'm.room.power_levels' ||
        (type === 'm.room.create' && !room.rules.auth.creatorsOutrankAll) ||
        (type === 'm.room.member' && stateKey === ACCOMPLICE),
    )
    const change = await room.add({ ...topic, prev: [both], auth })
    const next = await room.message('on it goes', { prev: [first, both, change] })

    for (const event of [first, both, change, next]) await soon.take(event, { origin: 'm' })
    for (const event of [both, change, first, next]) await late.take(event, { origin: 'm' })
    for (const hs of [soon, late]) await hs.input.settled()
    const events = [first, both, change, next]
    expect(await holds(late, room, events)).toEqual(await holds(soon, room, events))
    for (const hs of [soon, late]) await expectWhole(hs, room)
  },
)

/** Servers are told whatever the liar likes; the current state and the forward extremities of the room are the same for all. */
const LIES: readonly (readonly [string, LieTo])[] = [
  ['nothing but the create event', ({ old }) => old.slice(0, 1)],
  ['no create event', ({ old }) => old.slice(1)],
  ['no power levels', ({ old }) => old.filter(({ type }) => type !== 'm.room.power_levels')],
  ['no members', ({ old }) => old.filter(({ type }) => type !== 'm.room.member')],
  ['something else to each', ({ old, server }) => (server === 'b' ? old : old.slice(0, 5))],
  ['the same in another order', ({ old, server }) => (server === 'b' ? old : old.toReversed())],
  [
    'a forged ban',
    ({ old, forged }) => [...old.filter(({ stateKey }) => stateKey !== '@carol:c'), ...forged],
  ],
  [
    'two events in one place',
    ({ old, forged, server }) => (server === 'b' ? [...old, ...forged] : [...forged, ...old]),
  ],
]

it.each(['1', '2', '10', '12'].flatMap((version) => LIES.map(([what, lie]) => ({ version, what, lie }))))(
  'does not change the room by telling $what, in version $version',
  async ({ version, lie }) => {
    await using scene = await roomOf(version, lie)
    const { room, creators, old } = scene
    const fork = room.events.slice(-1)
    const demotion = await room.state('m.room.power_levels', '', { users: creators }, { prev: fork })
    const hidden = await room.message('never sent', { sender: LIAR, prev: [demotion] })
    const auth = old.filter(
      ({ type, stateKey }) =>
        type === 'm.room.power_levels' ||
        (type === 'm.room.create' && !room.rules.auth.creatorsOutrankAll) ||
        (type === 'm.room.member' && [LIAR, '@carol:c'].includes(stateKey ?? '')),
    )
    const ban = { type: 'm.room.member', sender: LIAR, stateKey: '@carol:c', content: { membership: 'ban' } }
    scene.forged.push(await room.add({ ...ban, prev: [hidden], auth }))
    const both = await room.message('hello', { sender: LIAR, prev: [demotion, hidden] })
    const beside = await room.message('hello', { sender: LIAR, prev: [hidden] })
    const upon = await room.message('hello', { sender: LIAR, prev: [both, beside] })
    const next = await room.message('on it goes', { prev: [demotion] })

    const servers = [await scene.server('b'), await scene.server('c')]
    for (const hs of servers) {
      for (const event of scene.forged) await hs.take(event, { kind: InputKind.outlier })
      await hs.take(demotion)
      const state = await hs.current(room.roomId)
      for (const event of [both, beside, upon, next]) {
        await hs.take(event, { origin: 'm' })
        await hs.input.settled()
        expect(await hs.current(room.roomId)).toEqual(state)
      }
      expect(await hs.extremities(room.roomId)).toContain(next.eventId)
      const carol = await room.message('I am here', { sender: '@carol:c', prev: [next] })
      expect(await hs.take(carol, { origin: 'c' })).toMatchObject({ verdict: 'accepted' })
      await expectWhole(hs, room)
    }
  },
)
