import { filled, InputKind, InputRoomEvent } from '@roomserver/api'
import { RoomBuilder } from '@roomserver/testing'
import { type Failures, type Logger, RoomserverError, silentLogger } from '@roomserver/types'
import { describe, expect, it, vi } from 'vitest'
import { Homeserver, inputOf } from './homeserver.ts'

const malformed = filled(InputRoomEvent, { kind: InputKind.new })

async function twoRooms(
  hs: Homeserver,
): Promise<{ readonly aside: RoomBuilder; readonly sound: RoomBuilder }> {
  const aside = await RoomBuilder.create({ roomId: '!aside:a' })
  const sound = await RoomBuilder.create({ roomId: '!sound:a' })
  await hs.takeAll([...aside.events, ...sound.events])
  return { aside, sound }
}

/** Sets a room aside, as a fault in its stored data does. */
async function setAside(hs: Homeserver, { roomId }: RoomBuilder): Promise<void> {
  const broken = hs.input.runTask({
    roomId,
    version: '10',
    name: 'reading',
    bytes: 1,
    // oxlint-disable-next-line require-yield -- it breaks before it could ask for anything
    *decide() {
      throw new RoomserverError('STORE_DAMAGED', { what: 'a block', repair: '' }, 'a block is gone')
    },
  })
  await expect(broken).rejects.toThrow('a block is gone')
}

/** A request whose events fail alone, each with what its own text says. */
describe('a request', () => {
  const ask = (hs: Homeserver, inputs: InputRoomEvent[], async = false) =>
    hs.input.inputRoomEvents({ input_room_events: inputs, async })

  it.each([
    ['synchronous', false],
    ['asynchronous', true],
  ])(
    'that is %s fails as a whole, to be sent again, where nothing of it could be taken',
    async (_how, async) => {
      await using hs = await Homeserver.start()
      const { aside } = await twoRooms(hs)
      await setAside(hs, aside)
      const inputs = [inputOf(await aside.message('one')), inputOf(await aside.message('two'))]
      await expect(ask(hs, inputs, async)).rejects.toMatchObject({
        code: 'ROOM_QUARANTINED',
        details: { roomId: aside.roomId, reason: 'a block is gone' },
      })
      expect(await hs.storage.inbox(0, 10)).toEqual([])
      expect(hs.input.counters.undecided).toBe(0)
    },
  )

  it('fails as a whole where its other events are of no use either', async () => {
    await using hs = await Homeserver.start()
    const { aside } = await twoRooms(hs)
    await setAside(hs, aside)
    const inputs = [malformed, inputOf(await aside.message('one'))]
    await expect(ask(hs, inputs)).rejects.toMatchObject({ code: 'ROOM_QUARANTINED' })
  })

  it.each([
    ['accepted', '@alice:a'],
    ['rejected', '@eve:e'],
  ])('is answered, and tells of what could not be taken, where one event was %s', async (_what, sender) => {
    await using hs = await Homeserver.start()
    const { aside, sound } = await twoRooms(hs)
    await setAside(hs, aside)
    const taken = await sound.message('one', { sender })
    expect(await ask(hs, [inputOf(await aside.message('one')), inputOf(taken)])).toEqual({
      ErrMsg: `room ${aside.roomId} is quarantined after a fault: a block is gone`,
      NotAllowed: false,
    })
    expect(await hs.event(taken.eventId)).toBeDefined()
  })

  it('whose events are all of no use does not come again: it is answered', async () => {
    await using hs = await Homeserver.start()
    expect(await ask(hs, [malformed])).toEqual({ ErrMsg: 'event: expected an event', NotAllowed: false })
  })

  it.each([
    'OVERLOADED',
    'STORE_UNAVAILABLE',
    'SHUTTING_DOWN',
    'ROOM_QUARANTINED',
  ] satisfies (keyof Failures)[])('fails as a whole for %s of the store', async (code) => {
    await using hs = await Homeserver.start()
    const { sound } = await twoRooms(hs)
    const error = new RoomserverError(code, {} as never, 'not now')
    const commit = vi.spyOn(hs.storage, 'commit').mockResolvedValue([{ kind: 'failed', error }])
    const inputs = [inputOf(await sound.message('one'))]
    await expect(ask(hs, inputs)).rejects.toBe(error)
    commit.mockRestore()
    expect(await ask(hs, inputs)).toEqual({ ErrMsg: '', NotAllowed: false })
  })

  it('is answered without the text of a fault of ours, which is in the log', async () => {
    const errors: unknown[] = []
    const log: Logger = { ...silentLogger, error: (fields, message) => errors.push([fields, message]) }
    await using hs = await Homeserver.start({ log })
    const { sound } = await twoRooms(hs)
    const error = new RangeError('secret')
    vi.spyOn(hs.storage, 'commit').mockResolvedValueOnce([{ kind: 'failed', error }])
    expect(await ask(hs, [inputOf(await sound.message('one'))])).toEqual({
      ErrMsg: 'internal error; see the log of the room server',
      NotAllowed: false,
    })
    expect(errors).toContainEqual([{ err: error }, 'could not process event'])
  })

  it('that is large has the log say how far it is, every 10,240 events', async () => {
    const logged: unknown[] = []
    const log: Logger = { ...silentLogger, info: (fields) => logged.push(fields) }
    await using hs = await Homeserver.start({ log })
    for (const length of [256, 257, 10_239, 20_780])
      await ask(
        hs,
        Array.from({ length }, () => malformed),
      )
    expect(logged).toEqual([
      { taken: 10_240, of: 20_780 },
      { taken: 20_480, of: 20_780 },
    ])
  })
})

it('counts malformed events, however they come', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  await hs.takeAll(room.events)
  const bad = filled(InputRoomEvent, {
    kind: InputKind.new,
    event: { roomVersion: '10', eventId: '', json: '{}' },
  })
  const request = { input_room_events: [bad, malformed, inputOf(await room.message('fine'))], async: false }
  await hs.input.inputRoomEvents(request)
  expect(hs.input.counters.malformed).toBe(1)
})
