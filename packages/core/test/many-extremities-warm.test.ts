import type { Pdu } from '@roomserver/events'
import { openStorage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { Homeserver } from './homeserver.ts'

/** Outputs as they are stored, without what differs between two stores that were given the same. */
async function outputsOf(hs: Homeserver) {
  const outputs = await hs.storage.outputs(0, 100_000)
  return outputs.map(({ body, eventId, kind, seq }) => ({ body, eventId, kind, seq }))
}

/**
 * A room whose events mostly name the same prev event: settings, topics, joins, bans, levels and messages, with some that build
 * on one of them or on two. What Bob has set leaves the current state, and comes back, as the levels change.
 */
async function fanOut(): Promise<readonly Pdu[]> {
  const room = await RoomBuilder.create()
  for (const user of ['@bob:b', '@carol:c']) await room.join(user)
  const levels = (bob: number) => ({ users: { '@alice:a': 100, '@bob:b': bob } })
  await room.state('m.room.power_levels', '', levels(50))
  await room.state('m.room.topic', '', { topic: 'before' })
  const base = room.extremities
  const fork: Pdu[] = []
  for (let i = 0; i < 90; i++) {
    const [one, other] = [fork[(i * 7) % fork.length], fork[(i * 11) % fork.length]]
    const prev = i % 10 === 4 && one && other ? [one, other] : i % 10 === 9 && one ? [one] : base
    const build = { prev: [...new Set(prev)] }
    const sender = i % 12 === 0 ? '@alice:a' : '@bob:b'
    if (i % 6 === 0) fork.push(await room.state('org.example', `${i % 40}`, { i }, { ...build, sender }))
    else if (i % 6 === 1) fork.push(await room.join(`@user${i}:d`, build))
    else if (i % 6 === 2) fork.push(await room.message(`${i}`, build))
    else if (i % 6 === 3) fork.push(await room.member('@alice:a', `@user${i}:d`, 'ban', build))
    else if (i % 6 === 4)
      fork.push(await room.state('m.room.topic', '', { topic: `${i}` }, { ...build, sender: '@bob:b' }))
    else fork.push(await room.state('m.room.power_levels', '', levels(i % 12 === 5 ? 50 : 0), build))
  }
  return room.events
}

it('announces at many forward extremities the same, byte for byte, whether it goes on from the event before or reads everything again', async () => {
  const events = await fanOut()
  await using warm = await Homeserver.start()
  await warm.takeAll(events)
  await using storage = await openStorage({ dialect: 'sqlite', file: ':memory:' })
  for (const event of events) {
    const cold = new Homeserver(storage)
    await cold.take(event)
    await cold.input.close()
  }
  await using cold = new Homeserver(storage)
  const [found, expected] = [await outputsOf(warm), await outputsOf(cold)]
  expect(found.length).toBeGreaterThan(60)
  expect(found).toEqual(expected)
  expect(await warm.current('!room:a')).toEqual(await cold.current('!room:a'))
})
