import type { FederationApi } from '@roomserver/api'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { Homeserver, inputOf } from './homeserver.ts'
import { otherServer } from './other-server.ts'

const MISSING = 10_000
/** What a repair may have in memory at once, however much is missing. */
const MAX_GROWTH = 128 * 1024 * 1024

it('repairs a room that lacks 10,000 events in bounded memory', { timeout: 180_000 }, async () => {
  await using a = await Homeserver.start()
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  const known = room.events.length
  for (let i = 0; i < MISSING; i++) {
    const isTopic = i % 100 === 50
    await (isTopic ? room.state('m.room.topic', '', { topic: `${i}` }) : room.message(`${i}`))
  }
  const inputs = room.events.map((event) => inputOf(event))
  await a.input.inputRoomEvents({ input_room_events: inputs, async: false })
  const federation = (await otherServer(a)) as FederationApi
  await using b = await Homeserver.start({ serverName: 'b', federation })
  await b.takeAll(room.events.slice(0, known))

  const last = await room.message('heard')
  await a.take(last)
  const before = process.memoryUsage().rss
  let most = before
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5)
  expect(await b.take(last, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  clearInterval(watch)
  process.stdout.write(`${MISSING} missing: ${Math.round((most - before) / 1048576)} MiB more\n`)
  expect(await b.current(room.roomId)).toEqual(await a.current(room.roomId))
  expect(most - before).toBeLessThan(MAX_GROWTH)
})
