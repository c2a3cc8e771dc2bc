import { RoomBuilder } from '@roomserver/testing'
import { expect, it, vi } from 'vitest'
import { Homeserver } from './homeserver.ts'

/** A room that is stored, in a process that has it in its cache. */
async function started(): Promise<{ readonly hs: Homeserver; readonly room: RoomBuilder }> {
  const hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  await hs.takeAll(room.events)
  return { hs, room }
}

it('reads nothing for a message in a room that it knows', async () => {
  const { hs, room } = await started()
  await using _ = hs
  const reads = (['mentions', 'eventsById', 'danglingPrev', 'redactionsOf', 'room'] as const).map((name) =>
    vi.spyOn(hs.storage, name),
  )
  expect(await hs.take(await room.message('one'))).toMatchObject({ verdict: 'accepted', known: false })
  for (const read of reads) expect(read).not.toHaveBeenCalled()
})

it('reads nothing of a user who joins but whether somebody has the name', async () => {
  const { hs, room } = await started()
  await using _ = hs
  const reads = (['mentions', 'eventsById', 'pendingInvites', 'blocks', 'snapshots'] as const).map((name) =>
    vi.spyOn(hs.storage, name),
  )
  const names = vi.spyOn(hs.storage, 'stateKeysByText')
  for (const user of ['@bob:b', '@carol:b']) {
    expect(await hs.take(await room.join(user))).toMatchObject({ verdict: 'accepted', known: false })
  }
  expect(names).toHaveBeenCalledTimes(2)
  for (const read of reads) expect(read).not.toHaveBeenCalled()
})

it('knows an event that only another process has seen, and goes on without reading afterwards', async () => {
  const { hs, room } = await started()
  await using _ = hs
  const other = hs.beside()
  await other.take(await room.message('one'))
  const two = await room.message('two')
  await hs.take(two)
  const mentions = vi.spyOn(hs.storage, 'mentions')
  expect(await other.take(two)).toMatchObject({ verdict: 'accepted', known: true })
  expect(mentions).toHaveBeenCalled()
  expect(await other.take(await room.message('three'))).toMatchObject({ known: false })
  mentions.mockClear()
  expect(await other.take(await room.message('four'))).toMatchObject({ known: false })
  expect(mentions).not.toHaveBeenCalled()
  expect(await hs.outputs()).toHaveLength(room.events.length)
  await other.input.close()
})
