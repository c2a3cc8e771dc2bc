import { expect, it } from 'vitest'
import { openStorage } from '@roomserver/storage'
import { NO_CHANGES, newRoom, type RoomNid, silentLogger } from '@roomserver/types'
import { pauseAfter, startScrubber } from './scrubber.ts'

it('checks as many small rooms a minute as it may, and large ones for a fiftieth of the time', () => {
  expect(pauseAfter(0, 6)).toBe(10_000)
  expect(pauseAfter(100, 6)).toBe(10_000)
  expect(pauseAfter(10_000, 6)).toBe(490_000)
})

/** Lets a scrubber run until it has checked so many rooms, and tells which. The first of them cannot be read. */
async function scrub(
  storage: Awaited<ReturnType<typeof openStorage>>,
  rooms: number,
): Promise<readonly RoomNid[]> {
  const checked: RoomNid[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const watched = {
    ...storage,
    checkRoom: async (...call: Parameters<typeof storage.checkRoom>) => {
      checked.push(call[0])
      if (checked.length === rooms) resolve()
      if (checked.length === 1) throw new Error('this room cannot be read')
      return await storage.checkRoom(...call)
    },
  }
  await using _scrubber = startScrubber(watched, 60_000, silentLogger)
  await promise
  return checked
}

it('goes on where it stopped, after a restart and after a room that it could not check', async () => {
  await using storage = await openStorage({ dialect: 'sqlite', file: ':memory:' })
  const nids: RoomNid[] = []
  for (let at = 0; at < 6; at++) {
    const room = newRoom({ nid: await storage.allocate('room', 1), roomId: `!${at}:a`, version: '10' })
    await storage.commit([{ room, next: room, ...NO_CHANGES }])
    nids.push(room.nid)
  }
  const first = await scrub(storage, 3)
  const second = await scrub(storage, 2)
  expect([...first.slice(0, 3), ...second.slice(0, 2)]).toEqual(nids.slice(0, 5))
})
