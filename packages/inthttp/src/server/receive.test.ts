import { PassThrough } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { InputRoomEventsRequest } from '@roomserver/api'
import { LoopShare } from '@roomserver/types'
import { afterEach, expect, it, vi } from 'vitest'
import { Arrivals } from './arrivals.ts'
import { type BodyRules, type Received, receive } from './receive.ts'
import { SmallPieces } from './small-pieces.ts'

const KIB = 1024

afterEach(() => void vi.useRealTimers())

/** The share of an event loop of which the test gives the turns, one after another. */
function heldLoop() {
  const turns: (() => void)[] = []
  return {
    share: new LoopShare(
      (begin) => turns.push(begin),
      0,
      () => 0,
    ),
    turns,
  }
}

/** A body of so many bytes. */
function bodyOf(length: number): Buffer {
  const empty = '{"x":""}'
  return Buffer.from(`{"x":"${'x'.repeat(length - empty.length)}"}`)
}

function begin(rules: Partial<BodyRules> = {}) {
  const stream = new PassThrough()
  const arrivals = new Arrivals({
    maxArriving: 10,
    maxWaiting: 10,
    bodyIdleMs: 10_000,
    bodyIdleBytes: 1,
    maxBytes: 100 * KIB * KIB,
  })
  const { share, turns } = heldLoop()
  const received = receive(stream, InputRoomEventsRequest, {
    maxBytes: 10 * KIB * KIB,
    saidBytes: undefined,
    timeoutMs: 3_600_000,
    limits: { maxListEntries: 1_000, maxHeldBytes: 10 * KIB * KIB },
    arrivals,
    smallPieces: new SmallPieces(),
    connection: {},
    share,
    ...rules,
  })
  let result: Received<unknown> | undefined
  void received.then((value) => (result = value))
  return {
    stream,
    arrivals,
    turns,
    received,
    /** What it came to by now, given so many turns of the loop; `waits` before. */
    result: async (count = 0): Promise<Received<unknown>['kind'] | 'waits'> => {
      for (let at = 0; at < count; at++) {
        turns.shift()?.()
        await settled()
      }
      await settled()
      return result?.kind ?? 'waits'
    },
  }
}

/** All that happens without another turn of the share. */
async function settled(): Promise<void> {
  for (let at = 0; at < 5; at++) await turn()
}

it('lets others have a turn at each 64 KiB of a large body, and reads nothing before it has the next', async () => {
  const { stream, result } = begin()
  const body = bodyOf(640 * KIB)
  for (let at = 0; at < body.length; at += 64 * KIB) stream.write(body.subarray(at, at + 64 * KIB))
  stream.end()
  await settled()
  for (let count = 0; count < 9; count++) {
    expect(stream.isPaused()).toBe(true)
    expect(await result(1)).toBe('waits')
  }
  expect(await result(1)).toBe('whole')
})

it.each([
  ['a short one at once', 4 * KIB, 0],
  ['a little longer one when it is its turn', 4 * KIB + 1, 1],
  ['one of a single portion when it is its turn', 64 * KIB, 1],
  ['one that is decoded while it comes', 64 * KIB + 1, 1],
])('decodes a body, %s', async (_what, length, turns) => {
  const { stream, result, received } = begin()
  stream.end(bodyOf(length))
  if (turns > 0) expect(await result()).toBe('waits')
  expect(await result(turns)).toBe('whole')
  expect(await received).toMatchObject({ decoded: { ok: true } })
})

it('reads the same of a body, whatever the pieces that it comes in', async () => {
  const event = (at: number) => `{"event":{"at":${at},"text":"é${'x'.repeat(3_000)}"}}`
  const list = Array.from({ length: 60 }, (_, at) => event(at))
  const body = Buffer.from(`{"input_room_events":[${list.join(',')}]}`)
  const found: unknown[] = []
  for (const size of [1_000, 7_777, 65_536, 65_537, body.length]) {
    const { stream, result, received } = begin()
    for (let at = 0; at < body.length; at += size) stream.write(body.subarray(at, at + size))
    stream.end()
    expect(await result(20)).toBe('whole')
    const whole = await received
    found.push(whole.kind === 'whole' && whole.decoded.ok && whole.decoded.value)
  }
  expect(found[0]).toMatchObject({ input_room_events: { length: 60 } })
  for (const other of found) expect(other).toEqual(found[0])
})

it('keeps no piece of a body, but the bytes of all of them in one', async () => {
  const { stream, arrivals, received, result } = begin()
  const body = Buffer.from(`{"input_room_events":[{"event":{"text":"${'x'.repeat(3_000)}"}}]}`)
  for (let at = 0; at < body.length; at += 64) {
    const piece = Buffer.from(body.subarray(at, at + 64))
    stream.write(piece)
    await settled()
    // What it was given is not its own; only the first is kept as it came.
    if (at > 0) piece.fill(0)
    expect(arrivals.heldBytes).toBeLessThanOrEqual(2 * (at + 64))
  }
  stream.end()
  expect(await result()).toBe('whole')
  expect(await received).toMatchObject({ decoded: { ok: true, value: { input_room_events: { length: 1 } } } })
})

it('gives up a body that comes in many small pieces, however long it is', async () => {
  for (const [size, kind] of [
    [1, 'fragmented'],
    [60, 'fragmented'],
    [64, 'waits'],
  ] as const) {
    const { stream, result } = begin()
    stream.write('{')
    for (let count = 0; count < 20_000; count++) stream.write(' '.repeat(size))
    expect(await result(200)).toBe(kind)
  }
  const few = begin()
  for (const byte of bodyOf(1_000)) few.stream.write(Buffer.of(byte))
  few.stream.end()
  expect(await few.result()).toBe('whole')
})

it('gives up bodies of a connection that sends all of them in small pieces', async () => {
  const rules = { connection: {}, smallPieces: new SmallPieces() }
  /** How many of so many bodies, of pieces of such a length, are given up. */
  const givenUp = async (bodies: number, pieces: number, length: number): Promise<number> => {
    let count = 0
    for (let at = 0; at < bodies; at++) {
      const { stream, result } = begin(rules)
      for (let piece = 0; piece < pieces; piece++) stream.write(' '.repeat(length))
      if ((await result()) === 'fragmented') count++
    }
    return count
  }
  // Short bodies of one piece each are what components send.
  expect(await givenUp(2_000, 1, 2)).toBe(0)
  expect(await givenUp(20, 100, 64)).toBe(0)
  expect(await givenUp(11, 101, 1)).toBe(0)
  expect(await givenUp(20, 101, 1)).toBe(20)
  rules.connection = {}
  expect(await givenUp(1, 101, 1)).toBe(0)
})

it.each([
  ['of the length that is allowed', 0, 'whole'],
  ['that is one byte longer', 1, 'too-long'],
])('takes a body by its length: %s', async (_what, more, kind) => {
  const { stream, result } = begin({ maxBytes: 1_000 })
  stream.end(bodyOf(1_000 + more))
  expect(await result()).toBe(kind)
})

it('reads nothing of a body that says that it is too long', async () => {
  const { stream, arrivals, result } = begin({ maxBytes: 1_000, saidBytes: 1_001 })
  stream.write('{')
  expect(await result()).toBe('too-long')
  expect([arrivals.count, stream.readableLength]).toEqual([0, 1])
  const exact = begin({ maxBytes: 1_000, saidBytes: 1_000 })
  exact.stream.end(bodyOf(1_000))
  expect(await exact.result()).toBe('whole')
})

it('gives up a body that takes longer than it may, and one that stops coming, by the clock', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  const slow = begin({ timeoutMs: 5_000 })
  slow.stream.write('{')
  await vi.advanceTimersByTimeAsync(4_999)
  expect(await slow.result()).toBe('waits')
  await vi.advanceTimersByTimeAsync(1)
  expect(await slow.result()).toBe('too-slow')
  const idle = begin()
  idle.stream.write('{')
  expect(await idle.result()).toBe('waits')
  await vi.advanceTimersByTimeAsync(9_999)
  expect(await idle.result()).toBe('waits')
  await vi.advanceTimersByTimeAsync(1)
  expect(await idle.result()).toBe('idle')
  expect(vi.getTimerCount()).toBe(0)
})

it('does not take its own pause for the silence of the sender', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  const { stream, result } = begin()
  const body = bodyOf(256 * KIB)
  stream.write(body.subarray(0, 128 * KIB))
  await settled()
  await vi.advanceTimersByTimeAsync(8_000)
  expect(await result(1)).toBe('waits')
  await vi.advanceTimersByTimeAsync(8_000)
  expect(await result()).toBe('waits')
  await vi.advanceTimersByTimeAsync(2_000)
  expect(await result()).toBe('idle')
})

it.each([
  ['hangs up', (stream: PassThrough) => void stream.destroy()],
  ['breaks', (stream: PassThrough) => void stream.destroy(new Error('reset'))],
])('tells of a caller who %s, and keeps nothing of what came', async (_what, end) => {
  const { stream, arrivals, result } = begin()
  stream.write(bodyOf(10_000).subarray(0, 9_000))
  expect(await result()).toBe('waits')
  expect([arrivals.count, arrivals.heldBytes]).toEqual([1, 9_000])
  end(stream)
  expect(await result()).toBe('gone')
  expect([arrivals.count, arrivals.heldBytes]).toEqual([0, 0])
})

it('holds what a whole body takes until it is released, four times its length of a short one', async () => {
  const { stream, arrivals, received, result } = begin()
  stream.end(bodyOf(2_000))
  expect(await result()).toBe('whole')
  expect([arrivals.count, arrivals.heldBytes]).toEqual([0, 8_000])
  const whole = await received
  if (whole.kind === 'whole') whole.release()
  expect(arrivals.heldBytes).toBe(0)
})

it('refuses a body for which there is no room, when it comes or when it is read', async () => {
  const arrivals = new Arrivals({
    maxArriving: 10,
    maxWaiting: 10,
    bodyIdleMs: 10_000,
    bodyIdleBytes: 1,
    maxBytes: 7_999,
  })
  const read = begin({ arrivals })
  read.stream.end(bodyOf(2_000))
  expect(await read.result()).toBe('overloaded')
  const coming = begin({ arrivals })
  coming.stream.write(bodyOf(20_000).subarray(0, 8_000))
  expect(await coming.result()).toBe('overloaded')
  expect([arrivals.count, arrivals.heldBytes]).toEqual([0, 0])
})

it('stops at the first bound that a long body meets, and tells of it', async () => {
  const { stream, result, received } = begin()
  stream.write(`{"input_room_events":[${'{},'.repeat(40_000)}`)
  expect(await result(1)).toBe('whole')
  expect(await received).toMatchObject({ decoded: { ok: false, isTooLarge: true } })
  // Nobody listens any more.
  expect(stream.listenerCount('data')).toBe(0)
  stream.destroy(new Error('what goes wrong later is for others to see'))
  await settled()
})
