import { RoomBuilder } from '@roomserver/testing'
import { seededRandom } from '@roomserver/testing/reference-resolution'
import { expect, it } from 'vitest'
import { randomHistory } from '../crash/history.ts'
import { judgeRoom } from './judge-room.ts'
import { idsOf } from './room-oracle.ts'

const SEEDS = Array.from({ length: 6 }, (_, index) => index + 1)

it.each(SEEDS)('judges a room alike in whatever order its events are given (seed %i)', async (seed) => {
  const { events, rules } = await randomHistory(`r${seed}.test`, 30, seededRandom(seed))
  const verdicts = (list: typeof events) => {
    const oracle = judgeRoom(rules, list)
    return events.map(({ eventId }) => {
      const judged = oracle.judged(eventId)
      return [eventId, judged?.isRejected, idsOf(judged?.before), idsOf(judged?.after)]
    })
  }
  expect(verdicts(events.toReversed())).toEqual(verdicts(events))
})

it('leaves unjudged what builds on an event that is nowhere, until remote state stands in for it', async () => {
  const room = await RoomBuilder.create({ version: '10' })
  const lost = await room.message('lost')
  const late = await room.message('late')
  const known = room.events.filter((event) => event !== lost)
  const state = known.filter((event) => event !== late && event.stateKey !== undefined)

  expect(judgeRoom(room.rules, known).judged(late.eventId)).toBeUndefined()
  const remote = new Map([[late.eventId, state.map(({ eventId }) => eventId)]])
  const judged = judgeRoom(room.rules, known, remote).judged(late.eventId)
  expect(judged?.isRejected).toBe(false)
  expect(idsOf(judged?.before)).toEqual(idsOf(judgeRoom(room.rules, state).stateAfter([last(state)])))
})

it('takes the events below a refused one as built upon by what is built upon that', async () => {
  const room = await RoomBuilder.create({ version: '10' })
  const first = await room.message('first')
  const refused = await room.message('refused')
  const second = await room.message('second')
  const oracle = judgeRoom(room.rules, room.events)
  const without = (...ids: readonly string[]) =>
    oracle.forwardExtremities(({ pdu }) => !ids.includes(pdu.eventId))
  expect(without(refused.eventId)).toEqual([second.eventId])
  expect(without(refused.eventId, second.eventId)).toEqual([first.eventId])
})

it('rejects an event that references a rejected one, though the state before it allows the event', async () => {
  const room = await RoomBuilder.create({ version: '10' })
  await room.join('@mallory:b')
  const rejected = await room.state('m.room.power_levels', '', {}, { sender: '@mallory:b' })
  const referencing = await room.message('the builder references the power levels that it was given last')
  const honest = await room.message('so does this one not', {
    auth: room.events.filter(
      ({ eventId }) => referencing.authEvents.includes(eventId) && eventId !== rejected.eventId,
    ),
  })
  const oracle = judgeRoom(room.rules, room.events)
  expect(referencing.authEvents).toContain(rejected.eventId)
  expect([rejected, referencing, honest].map(({ eventId }) => oracle.judged(eventId)?.isRejected)).toEqual([
    true,
    true,
    false,
  ])
})

function last(events: readonly { readonly eventId: string }[]): string {
  return events.at(-1)?.eventId ?? ''
}
