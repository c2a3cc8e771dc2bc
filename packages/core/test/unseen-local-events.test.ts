import { RoomBuilder } from '@roomserver/testing'
import { describe, expect, it, vi } from 'vitest'
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
  const reads = (['mentions', 'eventsById', 'missingPrevEvents', 'redactionsOf', 'room'] as const).map(
    (name) => vi.spyOn(hs.storage, name),
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

describe('users whose names nobody has met with', () => {
  /** A process that has found nothing by the names of those who joined lately. */
  async function expectingNew() {
    const { hs, room } = await started()
    for (let i = 0; i < 16; i++) await hs.take(await room.join(`@user${i}:b`))
    return { hs, room, names: vi.spyOn(hs.storage, 'stateKeysByText') }
  }

  it('are not looked up before they join', async () => {
    const { hs, room, names } = await expectingNew()
    await using _ = hs
    for (const user of ['@bob:b', '@carol:b']) {
      expect(await hs.take(await room.join(user))).toMatchObject({ verdict: 'accepted', known: false })
    }
    expect(names).not.toHaveBeenCalled()
  })

  it('are, once one was known to the store', async () => {
    const { hs, room, names } = await expectingNew()
    await using _ = hs
    const elsewhere = await RoomBuilder.create({ creator: '@bob:b', roomId: '!elsewhere:b' })
    const other = hs.beside()
    await other.takeAll(elsewhere.events)
    names.mockClear()
    expect(await hs.take(await room.join('@bob:b'))).toMatchObject({ verdict: 'accepted' })
    expect(names).toHaveBeenCalledTimes(1)
    await hs.take(await room.join('@carol:b'))
    expect(names).toHaveBeenCalledTimes(2)
    expect((await hs.room(room.roomId)).outputSeq).toBe(room.events.length)
    await other.input.close()
  })

  it('are judged by what they are, also where that is not stored', async () => {
    const { hs, room } = await expectingNew()
    await using _ = hs
    await room.state('m.room.join_rules', '', { join_rule: 'invite' })
    await hs.take(room.events.at(-1)!)
    const other = hs.beside()
    await other.take(await room.member(room.creator, '@bob:b', 'invite'))
    expect(await hs.take(await room.join('@bob:b'))).toMatchObject({ verdict: 'accepted' })
    expect(await hs.take(await room.join('@mallory:b'))).toMatchObject({ verdict: 'rejected-by-auth-events' })
    await other.input.close()
  })
})
