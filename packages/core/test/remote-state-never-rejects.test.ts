import type { FederationApi } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { Homeserver } from './homeserver.ts'
import { otherServer } from './other-server.ts'

const idsOf = (events: readonly Pdu[]): readonly string[] => events.map(({ eventId }) => eventId)

/**
 * Server b did not hear that carol may set the topic, and then hears of her topic. Nobody tells it what lies between;
 * `liar` tells the state before the topic as it was before she was given that right.
 */
async function topicOutOfNowhere() {
  const a = await Homeserver.start()
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  await room.join('@carol:c')
  const before = [...room.events]
  const users = { [room.creator]: 100, '@carol:c': 50 }
  const unseen = [await room.state('m.room.power_levels', '', { users }), await room.message('aside')]
  const topic = await room.add({
    type: 'm.room.topic',
    sender: '@carol:c',
    stateKey: '',
    content: { topic: 'mine' },
  })
  await a.takeAll(room.events)
  const answers = await otherServer(a)
  const federation = {
    ...answers,
    lookupMissingEvents: async () => ({ events: [] }),
    getEvent: async () => Promise.reject(new Error('404 not found')),
    lookupStateIds: async (request: Parameters<FederationApi['lookupStateIds']>[0]) => {
      if (request.S === 'liar') return { pdu_ids: idsOf(before), auth_chain_ids: [] }
      if (request.S === 'a') return await answers.lookupStateIds(request)
      throw new Error('404 not found')
    },
  } as typeof answers as FederationApi
  const b = await Homeserver.start({ serverName: 'b', federation })
  await b.takeAll(before)
  const close = async (): Promise<void> => {
    await b[Symbol.asyncDispose]()
    await a[Symbol.asyncDispose]()
  }
  return { room, a, b, federation, unseen, topic, [Symbol.asyncDispose]: close }
}

it('asks another server where the state that one tells would have an event rejected', async () => {
  await using two = await topicOutOfNowhere()
  const { room, a, b, topic } = two
  // That carol has the right follows from what the other server tells, together with what is known here.
  expect(await b.take(topic, { origin: 'liar' })).toMatchObject({ verdict: 'accepted' })
  const next = await room.message('next')
  await a.take(next)
  expect(await b.take(next, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  expect(await b.current(room.roomId)).toEqual(await a.current(room.roomId))
})

it('has an event wait that only a remote state would have rejected, and judges it when its past comes', async () => {
  await using two = await topicOutOfNowhere()
  const { room, a, b, federation, unseen, topic } = two
  Object.assign(federation, {
    lookupStateIds: async () => ({ pdu_ids: idsOf(room.events.slice(0, -3)), auth_chain_ids: [] }),
  })
  expect(await b.take(topic, { origin: 'liar' })).toMatchObject({ kind: 'missing' })
  expect(await b.event(topic.eventId), 'no verdict').toBeUndefined()
  const [job] = b.input.repairs?.jobs ?? []
  expect(job?.lastError).toContain('the event is rejected at the state that the server supplied')

  await b.takeAll(unseen)
  await b.input.settled()
  expect(await b.event(topic.eventId)).toMatchObject({ verdict: 'accepted' })
  expect(b.input.repairs?.jobs).toEqual([])
  expect(await b.current(room.roomId)).toEqual(await a.current(room.roomId))
  expect(await b.extremities(room.roomId)).toEqual([topic.eventId])
})

/** As Complement's TestUnrejectRejectedEvents has it: the same event once more, after what it builds on. */
it('takes an event that came too early when it is sent again, and after what it builds on', async () => {
  await using two = await topicOutOfNowhere()
  const { room, b, federation } = two
  Object.assign(federation, {
    lookupStateIds: async () => Promise.reject(new Error('404 not found')),
  })
  const [fork] = room.events.slice(5, 6)
  const first = await room.message('A', fork && { prev: [fork] })
  const second = await room.message('B', { prev: [first] })
  expect(await b.take(second, { origin: 'a' })).toMatchObject({ kind: 'missing' })
  const before = (await b.outputs()).length
  expect(await b.take(first, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  expect(await b.take(second, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  await b.input.settled()
  const announced = (await b.outputs()).slice(before).map((output) => output.new_room_event?.event._event_id)
  expect(announced).toEqual([first.eventId, second.eventId])
})
