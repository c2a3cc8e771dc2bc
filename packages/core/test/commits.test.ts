import { InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import type { CommitResult, WriteSet } from '@roomserver/types'
import { describe, expect, it, vi } from 'vitest'
import { Homeserver } from './homeserver.ts'

/** A room with one message more than the store has; the rest of a test is about how the others are written. */
async function started(options: { readonly roomId?: string } = {}) {
  const hs = await Homeserver.start()
  const room = await RoomBuilder.create(options)
  await hs.takeAll(room.events)
  return { hs, room }
}

/** Has the store look at write sets before it takes them; what it is given back is what came of those. */
function intercept(
  hs: Homeserver,
  instead: (sets: readonly WriteSet[]) => readonly CommitResult[] | undefined,
) {
  const { commit } = hs.storage
  return vi.spyOn(hs.storage, 'commit').mockImplementation(async (sets) => instead(sets) ?? commit(sets))
}

const conflict = (over: 'room' | 'event' | 'string'): CommitResult => ({ kind: 'conflict', over })

describe('what waits in a room', () => {
  it.each([
    [127, [127]],
    [128, [128]],
    [129, [128, 1]],
  ])('is committed so many at a time (%i)', async (count, sizes) => {
    const { hs, room } = await started()
    await using _ = hs
    const gate = Promise.withResolvers<void>()
    const { commit } = hs.storage
    const written: number[] = []
    vi.spyOn(hs.storage, 'commit').mockImplementation(async (sets) => {
      await gate.promise
      written.push(...sets.map(({ events }) => events.length))
      return commit(sets)
    })
    const first = hs.take(await room.message('held up'))
    for (let i = 0; i < count; i++) await room.message(`${i}`)
    await expect.poll(() => hs.input.rooms.busy[0]?.step).toBe('committing')
    const others = room.events.slice(-count).map((event) => hs.take(event))
    gate.resolve()
    await Promise.all([first, ...others])
    expect(written).toEqual([1, ...sizes])
    expect(await hs.extremities(room.roomId)).toEqual([room.events.at(-1)?.eventId])
  })

  it('is tried one by one where the store takes it not together, so that one does not spoil the others', async () => {
    const { hs, room } = await started()
    await using _ = hs
    const prev = room.extremities
    const events: Pdu[] = []
    for (let i = 0; i < 5; i++) events.push(await room.message(`${i}`, { prev }))
    const bad = events[2]?.eventId
    const error = new RangeError('this one')
    intercept(hs, (sets) =>
      sets.some((set) => set.events.some(({ eventId }) => eventId === bad))
        ? sets.map(() => ({ kind: 'failed', error }))
        : undefined,
    )
    const results = await Promise.allSettled(events.map((event) => hs.take(event)))
    expect(
      results.map((result) => (result.status === 'rejected' ? result.reason : result.value.kind)),
    ).toEqual(['stored', 'stored', error, 'stored', 'stored'])
    expect(await hs.extremities(room.roomId)).toHaveLength(4)
    // That one may be tried again.
    vi.restoreAllMocks()
    expect(await hs.take(events[2] as Pdu)).toMatchObject({ verdict: 'accepted', known: false })
  })

  it('has the room read again after a write that failed, which may have happened all the same', async () => {
    const { hs, room } = await started()
    await using _ = hs
    const { commit } = hs.storage
    const error = new RangeError('the answer was lost')
    vi.spyOn(hs.storage, 'commit').mockImplementationOnce(async (sets) => {
      await commit(sets)
      return sets.map(() => ({ kind: 'failed', error }))
    })
    const event = await room.message('written without our knowing')
    await expect(hs.take(event)).rejects.toBe(error)
    expect(await hs.take(event)).toMatchObject({ verdict: 'accepted', known: true })
    expect(await hs.take(await room.message('and on'))).toMatchObject({ verdict: 'accepted', known: false })
    expect(
      (await hs.outputs()).filter(
        ({ new_room_event: announced }) => announced?.event._event_id === event.eventId,
      ),
    ).toHaveLength(1)
  })

  it('is refused when the room cannot be read, one task at a time, and nothing of it lost', async () => {
    await using hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    const error = new RangeError('not now')
    vi.spyOn(hs.storage, 'room').mockRejectedValueOnce(error)
    const [create, join] = room.events as [Pdu, Pdu]
    const results = await Promise.allSettled([hs.take(create), hs.take(create), hs.take(join)])
    expect(results).toMatchObject([
      { status: 'rejected', reason: error },
      { status: 'fulfilled', value: { verdict: 'accepted' } },
      { status: 'fulfilled', value: { verdict: 'accepted' } },
    ])
  })
})

describe('a write that another process overtook', () => {
  it.each(['room', 'event', 'string'] as const)(
    'is decided upon again (over a %s), and counted',
    async (over) => {
      const { hs, room } = await started()
      await using _ = hs
      const event = await room.join('@bob:b')
      // One that is taken for new; where that turns out wrong nothing was lost to anybody.
      const kind = over === 'room' ? InputKind.new : InputKind.old
      const tried = intercept(hs, (sets) =>
        tried.mock.calls.length === 1 ? sets.map(() => conflict(over)) : undefined,
      )
      expect(await hs.take(event, { kind })).toMatchObject({ verdict: 'accepted' })
      expect(tried).toHaveBeenCalledTimes(2)
      expect(hs.input.counters.conflicts).toBe(1)
    },
  )

  it('is not a conflict where what it took for new was not', async () => {
    const { hs, room } = await started()
    await using _ = hs
    const tried = intercept(hs, (sets) =>
      tried.mock.calls.length === 1 ? sets.map(() => conflict('event')) : undefined,
    )
    const mentions = vi.spyOn(hs.storage, 'mentions')
    expect(await hs.take(await room.message('new to us'))).toMatchObject({ verdict: 'accepted' })
    expect(mentions).toHaveBeenCalledTimes(1)
    expect(hs.input.counters.conflicts).toBe(0)
  })

  it.each(['room', 'event'] as const)(
    'again and again (over a %s) ends in words for the caller',
    async (over) => {
      vi.spyOn(Math, 'random').mockReturnValue(0)
      const { hs, room } = await started()
      await using _ = hs
      const event = await room.message('never first')
      const tried = intercept(hs, (sets) => sets.map(() => conflict(over)))
      await expect(hs.take(event, { kind: InputKind.old })).rejects.toMatchObject({
        code: 'OVERLOADED',
        message: `room ${room.roomId}: is contended: other processes keep committing first`,
        details: { retryAfterMs: 1000 },
      })
      expect(tried).toHaveBeenCalledTimes(51)
      vi.restoreAllMocks()
      expect(await hs.take(event)).toMatchObject({ verdict: 'accepted' })
    },
  )

  it('fifty times is taken all the same when it is first at last', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const { hs, room } = await started()
    await using _ = hs
    const event = await room.message('first at last')
    const tried = intercept(hs, (sets) =>
      tried.mock.calls.length <= 50 ? sets.map(() => conflict('event')) : undefined,
    )
    expect(await hs.take(event, { kind: InputKind.old })).toMatchObject({ verdict: 'accepted' })
    expect(hs.input.counters.conflicts).toBe(50)
    vi.restoreAllMocks()
  })
})

it('counts lost commits only, and not what failed beside them', async () => {
  const { hs, room } = await started()
  await using _ = hs
  const gate = Promise.withResolvers<void>()
  const { commit } = hs.storage
  let commits = 0
  vi.spyOn(hs.storage, 'commit').mockImplementation(async (sets) => {
    if (++commits === 1) await gate.promise
    return commits === 2 ? sets.map(() => conflict('room')) : commit(sets)
  })
  const first = hs.take(await room.message('held up'))
  await expect.poll(() => hs.input.rooms.busy[0]?.step).toBe('committing')
  const faulty = Array.from({ length: 60 }, () =>
    hs.input.runTask({
      roomId: room.roomId,
      version: '10',
      name: 'broken',
      bytes: 1,
      // oxlint-disable-next-line require-yield -- it breaks before it could ask for anything
      *decide() {
        throw new RangeError('a bug')
      },
    }),
  )
  const sound = hs.take(await room.message('among them'))
  const broken = Promise.allSettled(faulty)
  gate.resolve()
  await first
  expect(await sound).toMatchObject({ verdict: 'accepted' })
  expect((await broken).every(({ status }) => status === 'rejected')).toBe(true)
  expect(commits).toBe(3)
})

it('gives the number of a room back that comes to nothing', async () => {
  await using hs = await Homeserver.start()
  const lost = await RoomBuilder.create({ roomId: '!lost:a' })
  const [, join] = lost.events as [Pdu, Pdu]
  const first = await RoomBuilder.create({ roomId: '!first:a' })
  const second = await RoomBuilder.create({ roomId: '!second:a' })
  await hs.takeAll(first.events)
  for (let i = 0; i < 5; i++) expect(await hs.take(join)).toMatchObject({ kind: 'refused' })
  await hs.takeAll(second.events)
  expect((await hs.room('!second:a')).nid).toBe((await hs.room('!first:a')).nid + 1)
})
