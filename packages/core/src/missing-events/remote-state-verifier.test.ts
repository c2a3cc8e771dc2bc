import {
  type EventNid,
  type Logger,
  newRoom,
  type RoomNid,
  type RoomRecord,
  silentLogger,
  type RemoteStateRecord,
} from '@roomserver/types'
import { expect, it } from 'vitest'
import type { RoomTask } from '../input/room-tasks.ts'
import { RemoteStateVerifier } from './remote-state-verifier.ts'

const room = (number: number): RoomRecord =>
  newRoom({ nid: number as RoomNid, roomId: `!${number}:a`, version: '10' })

const nid = (number: number): EventNid => number as EventNid

/** What is due in a store, and a room's turn that the test ends. */
function parts(due: readonly { readonly event: number; readonly room: number }[] = []) {
  const begun: string[] = []
  const warnings: unknown[] = []
  const pages: number[] = []
  const state = { isDown: false, isHeld: false }
  let gate = Promise.withResolvers<void>()
  const log: Logger = { ...silentLogger, warn: (fields, message) => warnings.push([message, fields]) }
  const store = {
    dueRemoteStates: async (after: EventNid, limit: number): Promise<readonly RemoteStateRecord[]> => {
      if (state.isDown) throw new Error('down')
      const page = due.filter(({ event }) => event > after).slice(0, limit)
      pages.push(page.length)
      return page.map(({ event, room: of }) => ({
        event: nid(event),
        roomNid: of as RoomNid,
        waitsFor: nid(0),
        isVerified: false,
      }))
    },
    roomsByNid: async (nids: readonly RoomNid[]) => nids.map(room),
  }
  const run = async <Result>({ roomId, name }: RoomTask<Result>): Promise<Result> => {
    begun.push(`${roomId} ${name.replace('verifying the remote state before event NID ', '')}`)
    if (state.isHeld) await gate.promise
    if (name.endsWith(' 13')) throw new RangeError('a bug')
    const followed = { changed: new Map([[nid(1), 'x']]), allowed: [nid(2), nid(3)], rejected: [] }
    return (name.endsWith(' 7') ? followed : undefined) as Result
  }
  const go = () => {
    gate.resolve()
    gate = Promise.withResolvers()
  }
  return { verifier: new RemoteStateVerifier({ store, log, run }), begun, warnings, pages, state, go }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

it('looks at what is due, each room one after another, rooms side by side', async () => {
  const { verifier, begun, state, go } = parts()
  state.isHeld = true
  verifier.due(room(1), [nid(1), nid(2)])
  verifier.due(room(2), [nid(3)])
  verifier.due(room(3), [])
  await turn()
  expect(begun).toEqual(['!1:a 1', '!2:a 3'])
  // What becomes due meanwhile is looked at as well, and once.
  verifier.due(room(1), [nid(2), nid(4)])
  go()
  await turn()
  go()
  await turn()
  go()
  await verifier.settled()
  expect(begun).toEqual(['!1:a 1', '!2:a 3', '!1:a 2', '!1:a 4'])
  // What is being looked at may become due again: what came meanwhile has not been seen.
  verifier.due(room(1), [nid(5)])
  await turn()
  verifier.due(room(1), [nid(5)])
  go()
  await turn()
  go()
  await verifier.settled()
  expect(begun.slice(4)).toEqual(['!1:a 5', '!1:a 5'])
  // And so may what was looked at.
  state.isHeld = false
  verifier.due(room(1), [nid(1)])
  await verifier.settled()
  expect(begun.at(-1)).toBe('!1:a 1')
})

it.each([
  [1, [1]],
  [100, [100, 0]],
  [101, [100, 1]],
])('takes up all %i that a store holds', async (count, sizes) => {
  const due = Array.from({ length: count }, (_, index) => ({ event: 1_000 + index, room: 1 + (index % 3) }))
  const { verifier, begun, pages } = parts(due)
  await verifier.resume()
  expect(begun.toSorted()).toEqual(due.map(({ event, room: of }) => `!${of}:a ${event}`).toSorted())
  expect(pages).toEqual(sizes)
})

it('goes on with the others where one fails, and says so', async () => {
  const { verifier, begun, warnings } = parts()
  verifier.due(room(1), [nid(13), nid(14)])
  await verifier.settled()
  expect(begun).toEqual(['!1:a 13', '!1:a 14'])
  expect(warnings).toEqual([
    ['a remote state is left for later', { room_id: '!1:a', err: new RangeError('a bug') }],
  ])
})

it('says what was re-evaluated', async () => {
  const { verifier, warnings } = parts()
  verifier.due(room(1), [nid(6), nid(7)])
  await verifier.settled()
  expect(warnings).toEqual([
    [
      'state supplied by another server was wrong; dependent events re-evaluated',
      { room_id: '!1:a', changed: 1, accepted: 2, rejected: 0 },
    ],
  ])
})

it('takes up one time for all who ask, again for who asks later, and says where it cannot', async () => {
  const { verifier, pages, warnings, state } = parts([{ event: 1, room: 1 }])
  verifier.takeOver()
  verifier.takeOver()
  await turn()
  expect(pages).toEqual([1])
  state.isDown = true
  verifier.takeOver()
  await turn()
  expect(warnings).toEqual([['remote state could not be taken up', { err: new Error('down') }]])
  state.isDown = false
  verifier.takeOver()
  await turn()
  expect(pages).toEqual([1, 1])
})

it('begins nothing more when it is closed, and waits for what is under way', async () => {
  const { verifier, begun, state, go } = parts([
    { event: 1, room: 1 },
    { event: 2, room: 1 },
  ])
  state.isHeld = true
  verifier.takeOver()
  await turn()
  let isClosed = false
  const closing = verifier.close().then(() => (isClosed = true))
  await turn()
  expect(isClosed).toBe(false)
  verifier.due(room(2), [nid(3)])
  go()
  await closing
  expect(begun).toEqual(['!1:a 1'])
})
