import type { FederationApi } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { recheckRoom } from '../src/index.ts'
import { Homeserver } from './homeserver.ts'
import { otherServer } from './other-server.ts'

/**
 * What one server says to some servers and not to others, or sooner to some: in the end all have the same room. It tells
 * the state before its own events as it was long ago.
 */

const LIAR = '@mallory:m'
const ACCOMPLICE = '@marvin:m'

const idsOf = (events: readonly Pdu[]): readonly string[] => events.map(({ eventId }) => eventId)

/** A room in which the liar has some power, its state, and servers with a user in it that ask whom they like. */
async function roomOf(version: string) {
  const a = await Homeserver.start()
  const room = await RoomBuilder.create({ version })
  for (const user of ['@bob:b', '@carol:c', LIAR, ACCOMPLICE]) await room.join(user)
  const creators = room.rules.auth.creatorsOutrankAll ? {} : { [room.creator]: 100 }
  await room.state('m.room.power_levels', '', { users: { ...creators, [LIAR]: 50, [ACCOMPLICE]: 50 } })
  await room.state('m.room.topic', '', { topic: 'old' })
  const known = [...room.events]
  const old = [...new Map(known.map((one) => [`${one.type} ${one.stateKey}`, one])).values()]
  await a.takeAll(known)
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
  const servers: Homeserver[] = []
  const server = async (serverName: string): Promise<Homeserver> => {
    const hs = await Homeserver.start({ serverName, federation })
    servers.push(hs)
    await hs.takeAll(known)
    return hs
  }
  const close = async (): Promise<void> => {
    for (const one of [a, ...servers]) await one[Symbol.asyncDispose]()
  }
  return { room, old, creators, server, [Symbol.asyncDispose]: close }
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
  return { states, current: await hs.current(room.roomId), ends: await hs.extremities(room.roomId) }
}

async function expectWhole(hs: Homeserver, { roomId }: RoomBuilder): Promise<void> {
  const source = { store: hs.storage, eventsOfRoom: hs.storage.eventsOfRoom }
  for await (const wrong of recheckRoom(source, await hs.room(roomId))) expect.fail(wrong)
}

it.each(['1', '2', '10', '12'])(
  'has the same state before an event, whether what it builds upon came first or later, in version %s',
  async (version) => {
    await using scene = await roomOf(version)
    const { room, creators } = scene
    const [soon, late] = [await scene.server('b'), await scene.server('c')]
    const fork = room.events.slice(-1)
    const demotion = await room.state('m.room.power_levels', '', { users: creators }, { prev: fork })
    const hidden = await room.message('never sent', { sender: LIAR, prev: fork })
    const both = await room.message('hello', { sender: LIAR, prev: [demotion, hidden] })
    const topic = { type: 'm.room.topic', sender: LIAR, stateKey: '', content: { topic: 'mine' } }
    const auth = scene.old.filter(
      ({ type, stateKey }) =>
        type === 'm.room.power_levels' ||
        (type === 'm.room.create' && !room.rules.auth.creatorsOutrankAll) ||
        (type === 'm.room.member' && stateKey === LIAR),
    )
    const change = await room.add({ ...topic, prev: [both], auth })
    const next = await room.message('on it goes', { prev: [demotion, both, change] })

    for (const event of [demotion, both, change, next]) await soon.take(event, { origin: 'm' })
    for (const event of [both, change, demotion, next]) await late.take(event, { origin: 'm' })
    for (const hs of [soon, late]) await hs.input.settled()
    const events = [demotion, both, change, next]
    expect(await holds(late, room, events)).toEqual(await holds(soon, room, events))
    for (const hs of [soon, late]) await expectWhole(hs, room)
  },
)
