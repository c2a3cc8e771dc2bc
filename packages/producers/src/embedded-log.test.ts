import { afterEach, expect, it, vi } from 'vitest'
import { MemoryOutbox } from '../test/memory-outbox.ts'
import { openEmbeddedLog } from './embedded-log.ts'
import { messageId } from './outbox.ts'

afterEach(() => void vi.useRealTimers())

const payload = () => '{}'

it('tells a reader by position that what it wants next is not kept any more', async () => {
  const outbox = new MemoryOutbox()
  outbox.append(10)
  using log = openEmbeddedLog(outbox, payload)
  await outbox.dropOutputs([1, 2, 3, 4])
  await expect(log.check(3)).rejects.toMatchObject({ code: 'OUTPUTS_TRIMMED', details: { first: 5 } })
  await log.check(4)
  await expect(log.read(3, 10)).rejects.toMatchObject({
    code: 'OUTPUTS_TRIMMED',
    details: { after: 3, first: 5 },
  })
  expect(await log.read(4, 1)).toMatchObject([{ position: 5 }])
  const slow = log.follow(4)
  expect(await slow.next()).toMatchObject({ value: { position: 5 } })
})

it.each<[string, unknown, unknown]>([
  ['after', undefined, 10],
  ['after', Number.NaN, 10],
  ['after', '3', 10],
  ['after', 1.5, 10],
  ['limit', 3, undefined],
])('refuses a reader whose %s is %s with the limit %s', async (argument, after, limit) => {
  const outbox = new MemoryOutbox()
  outbox.append(10)
  using log = openEmbeddedLog(outbox, payload)
  const failure = { code: 'INVALID_ARGUMENT', details: { argument } }
  await expect(log.read(after as never, limit as never)).rejects.toMatchObject(failure)
  if (argument === 'limit') return
  await expect(log.check(after as never)).rejects.toMatchObject(failure)
  await expect(log.follow(after as never).next()).rejects.toMatchObject(failure)
})

it('takes a number that was never given for no loss', async () => {
  const outbox = new MemoryOutbox()
  outbox.append(10)
  await outbox.dropOutputs([5])
  using log = openEmbeddedLog(outbox, payload)
  expect((await log.read(3, 10)).map(({ position }) => position)).toEqual([4, 6, 7, 8, 9, 10])
  expect((await log.read(4, 1)).map(({ position }) => position)).toEqual([6])
})

it('asks for the first output that is kept only where the next one is not there', async () => {
  const outbox = new MemoryOutbox()
  outbox.append(10)
  await outbox.dropOutputs([5])
  const first = vi.spyOn(outbox, 'outputBounds')
  using log = openEmbeddedLog(outbox, payload)
  for (const after of [0, 1, 3, 5, 9, 10]) await log.read(after, 10)
  expect(first).not.toHaveBeenCalled()
  await log.read(4, 10)
  expect(first).toHaveBeenCalledTimes(1)
})

it('names the position asked for and the first one kept, and does not fail where the next one is kept', async () => {
  const outbox = new MemoryOutbox()
  outbox.append(3)
  using log = openEmbeddedLog(outbox, payload)
  await outbox.dropOutputs([1])
  await expect(log.read(0, 10)).rejects.toMatchObject({ details: { after: 0, first: 2 } })
  expect(await log.read(1, 10)).toHaveLength(2)
  await outbox.dropOutputs([2, 3])
  await expect(log.check(2)).rejects.toMatchObject({ details: { first: 4 } })
  expect(await log.read(3, 10)).toEqual([])
})

it('lets an idle follower wait: it looks again when it is called or the poll is due', async () => {
  vi.useFakeTimers()
  const outbox = new MemoryOutbox()
  const read = vi.spyOn(outbox, 'outputs')
  using log = openEmbeddedLog(outbox, payload, { pollMs: 1_000 })
  const follower = log.follow(0)
  const first = follower.next()
  await vi.advanceTimersByTimeAsync(999)
  expect(read).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(read).toHaveBeenCalledTimes(2)
  outbox.append(1)
  log.wake()
  expect(await first).toMatchObject({ value: { position: 1 } })
  expect(read).toHaveBeenCalledTimes(3)
})

it('reads the next page at once, and ends with the signal or the log', async () => {
  vi.useFakeTimers()
  const outbox = new MemoryOutbox()
  outbox.append(401)
  using log = openEmbeddedLog(outbox, payload, { pollMs: 3_600_000 })
  const stop = new AbortController()
  const positions: number[] = []
  for await (const { position } of log.follow(0, stop.signal)) {
    positions.push(position)
    if (position === 401) stop.abort()
  }
  expect(positions).toEqual(Array.from({ length: 401 }, (_, index) => index + 1))

  const idle = log.follow(401).next()
  await vi.advanceTimersByTimeAsync(0)
  log[Symbol.dispose]()
  expect(await idle).toEqual({ value: undefined, done: true })
})

it('takes no number for lost from which on everything is kept', async () => {
  const source = {
    outputs: async () => [{ position: 5, roomId: '!a:test', seq: 1 }],
    outputBounds: async () => ({ first: 4, last: 5, isKnown: true }),
  }
  using log = openEmbeddedLog(source, payload)
  expect(await log.read(3, 10)).toMatchObject([{ position: 5 }])
  await expect(log.read(2, 10)).rejects.toMatchObject({ details: { after: 2, first: 4 } })
})

it('says of a position that it did not give where the log begins and ends', async () => {
  const outbox = new MemoryOutbox()
  outbox.append(3)
  await outbox.dropOutputs([1])
  using log = openEmbeddedLog(outbox, payload)
  const unknown = {
    code: 'OUTPUTS_POSITION_UNKNOWN',
    details: { after: 4, first: 2, last: 3 },
    message: expect.stringContaining('continue with after=3') as string,
  }
  await expect(log.check(4)).rejects.toMatchObject(unknown)
  await expect(log.follow(4).next()).rejects.toMatchObject(unknown)
  await expect(log.check(0)).rejects.toThrow('outputs up to 1 have been deleted')
  await log.check(3)
})

it('gives each entry its room, its ID by the epoch of its position, and what it says', async () => {
  const outbox = new MemoryOutbox()
  outbox.append(3, ['!a:test'])
  const epochs = [
    { name: 'aaaaaaaaaaaa', firstPosition: 1 },
    { name: 'bbbbbbbbbbbb', firstPosition: 3 },
  ]
  using log = openEmbeddedLog(outbox, ({ seq }) => `{"n":${seq}}`, { epochs })
  const entries = await log.read(1, 10)
  expect(entries).toEqual(
    [2, 3].map((position) => ({
      position,
      id: messageId(outbox.all[position - 1]!, epochs),
      roomId: '!a:test',
      payload: `{"n":${position}}`,
    })),
  )
  expect(entries[0]?.id).not.toContain('bbbbbbbbbbbb')
  expect(entries[1]?.id).toContain('bbbbbbbbbbbb')
})
