import { type Logger, silentLogger } from '@roomserver/types'
import { describe, expect, it, vi } from 'vitest'
import { KeepingOutbox } from '../test/memory-outbox.ts'
import type { StreamAccess, StreamConsumer, StreamState } from './bus.ts'
import { StreamKeeper } from './stream-keeper.ts'

function consumer(name: string, acknowledged: number): StreamConsumer {
  const config = { durable_name: name }
  return { name, config, acknowledged, given: acknowledged, reached: acknowledged }
}

const FULL: StreamState = {
  name: 'S',
  created: 'yesterday',
  first: 1,
  gone: 0,
  last: 20,
  remembersLast: true,
  replicas: 1,
  isClustered: false,
  dropsUnread: false,
  consumers: [consumer('one', 10), consumer('two', 15)],
}

/** A stream that is one after the other as given, and then stays as the last. */
class FakeStream implements StreamAccess {
  readonly upsets = 1
  readonly added: StreamConsumer[] = []
  looks = 0
  failing: readonly string[] = []
  onLook: (looks: number) => void = () => undefined
  states: readonly StreamState[] = [FULL]

  async inspect(): Promise<StreamState> {
    const state = this.states[Math.min(this.looks, this.states.length - 1)] ?? FULL
    this.onLook(++this.looks)
    return state
  }

  async addConsumers(consumers: readonly StreamConsumer[]): Promise<readonly string[]> {
    this.added.push(...consumers)
    return this.failing
  }
}

type Line = readonly ['warn' | 'error', object, string]

/** A keeper that knows a stream with the outputs that were delivered to it. */
async function known(delivered = 20, first: Partial<StreamState> = {}) {
  const outbox = new KeepingOutbox()
  outbox.append(delivered)
  await outbox.recordDelivered(outbox.all.map(({ position }) => ({ position, sequence: position })))
  const lines: Line[] = []
  const log: Logger = {
    ...silentLogger,
    warn: (fields, message) => lines.push(['warn', fields, message]),
    error: (fields, message) => lines.push(['error', fields, message]),
  }
  const pauses: number[] = []
  const stop = new AbortController()
  const pause = async (ms: number) => {
    pauses.push(ms)
    if (pauses.length === 3) stop.abort()
  }
  const keeper = new StreamKeeper(outbox, { now: () => 1_000 }, log, pause)
  const stream = new FakeStream()
  stream.states = [{ ...FULL, last: delivered, ...first }]
  expect(await keeper.look(stream)).toBe(true)
  expect(lines).toEqual([])
  const count = vi.spyOn(outbox, 'countWaitingOutputs')
  const put = vi.spyOn(outbox, 'putStreamRecord')
  /** The next look, at a stream that is otherwise now. */
  const lookAgain = (...states: Partial<StreamState>[]): Promise<boolean> => {
    stream.looks = 0
    stream.states = states.map((state) => ({ ...FULL, last: delivered, ...first, ...state }))
    return keeper.look(stream)
  }
  return { keeper, outbox, stream, lines, pauses, stop, count, put, lookAgain }
}

const waiting = async (outbox: KeepingOutbox) =>
  (await outbox.outputs(0, 10_000)).map(({ position }) => position)

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)

describe('a stream that is as it was', () => {
  it('is written down when it is first seen, and not again as long as nothing of it changes', async () => {
    const { outbox, put, count, lines, lookAgain } = await known()
    expect(outbox.record).toEqual({
      name: 'S',
      created: 'yesterday',
      lastSequence: 20,
      unread: 11,
      purged: 0,
      consumers: JSON.stringify(FULL.consumers),
    })
    expect(await lookAgain({})).toBe(false)
    expect(put).not.toHaveBeenCalled()
    expect(count).not.toHaveBeenCalled()
    expect(await lookAgain({ consumers: [consumer('one', 20)] })).toBe(false)
    expect(put).toHaveBeenCalledTimes(1)
    expect(outbox.record).toMatchObject({ unread: 21, lastSequence: 20 })
    expect(lines).toEqual([])
  })

  it('says once what an operator ought to know of it, and shows what is so now', async () => {
    const { keeper, lines, lookAgain } = await known()
    expect(keeper.findings).toEqual([])
    for (let times = 0; times < 2; times++) await lookAgain({ dropsUnread: true })
    expect(keeper.findings).toMatchObject([{ code: 'drops-unread' }])
    expect(lines).toEqual([
      [
        'warn',
        { stream: 'S', remedy: 'nats stream edit S --max-age 0 --max-msgs=-1 --max-bytes=-1' },
        'the stream S has a limit of age, number or bytes: a consumer that is away for longer than that misses outputs',
      ],
    ])
    await lookAgain({ dropsUnread: true, isClustered: true })
    expect(lines).toHaveLength(2)
    await lookAgain({})
    expect(keeper.findings).toEqual([])
  })

  it('is not taken for purged where its server was killed before it wrote down how far a consumer was', async () => {
    const { lines, lookAgain, outbox } = await known(20, { first: 16, gone: 15 })
    const stale = { ...consumer('one', 12), reached: 12, given: 12 }
    expect(await lookAgain({ first: 21, gone: 20, consumers: [stale] })).toBe(false)
    outbox.append(5)
    await outbox.recordDelivered(range(21, 25).map((at) => ({ position: at, sequence: at })))
    // It goes on behind what is gone.
    const wentOn = { ...consumer('one', 25), given: 12 + 5 }
    expect(await lookAgain({ first: 26, gone: 25, last: 25, consumers: [wentOn] })).toBe(false)
    expect(lines).toEqual([])
  })

  it.each<[string, Partial<StreamState>]>([
    ['between the two questions of a look', { gone: 0 }],
    ['by one replica after the other', { gone: 20, replicas: 3 }],
  ])('is known to be purged where it was so %s', async (_when, asked) => {
    const unread = [{ ...consumer('one', 10), reached: 12, given: 12 }]
    const { lookAgain, outbox } = await known(20, { consumers: unread })
    expect(await lookAgain({ first: 21, ...asked, consumers: unread })).toBe(false)
    const moved = [{ ...consumer('one', 20), given: 12 }]
    expect(await lookAgain({ first: 21, gone: 20, consumers: moved, replicas: asked.replicas ?? 1 })).toBe(
      true,
    )
    expect(await waiting(outbox)).toEqual(range(11, 20))
  })

  it('is not taken for longer than known where another relay delivers meanwhile', async () => {
    const { outbox, stream, lines, lookAgain } = await known()
    outbox.append(2)
    stream.onLook = () => void outbox.recordDelivered([21, 22].map((at) => ({ position: at, sequence: at })))
    const other = await lookAgain({ last: 22 })
    expect([other, outbox.epochs.length, lines]).toEqual([false, 1, []])
  })
})

describe('a stream that has more than is known', () => {
  it('counts as many of the outputs that wait as it has more', async () => {
    const { outbox, count, lookAgain } = await known()
    outbox.append(5)
    expect(await lookAgain({ last: 23 })).toBe(false)
    expect(count.mock.calls).toEqual([[3]])
    // Further outputs are known by what is recorded of each.
    expect(outbox.record).toMatchObject({ lastSequence: 20 })
    expect(await lookAgain({ last: 500_000 })).toBe(true)
    expect(count.mock.calls.at(-1)).toEqual([100_000])
  })

  it('means an older copy of the database at once where fewer wait', async () => {
    const { keeper, outbox, lines, lookAgain } = await known()
    outbox.append(2)
    const begin = vi.spyOn(outbox, 'beginOutputEpoch')
    expect(await lookAgain({ last: 23 })).toBe(true)
    expect(begin.mock.calls).toEqual([['database behind the stream', 1_000]])
    expect(lines).toEqual([
      ['warn', { stream: 'S', unknown_outputs: 3 }, expect.stringContaining('a new epoch of outputs begins')],
    ])
    expect(keeper.epochs).toEqual(outbox.epochs)
    expect(keeper.epochs).toHaveLength(2)
    expect(outbox.record).toMatchObject({ lastSequence: 23 })
    // What is sent next says nothing new.
    await keeper.heard([24])
    expect(keeper.epochs).toHaveLength(2)
  })

  it.each<readonly [string, readonly number[], boolean]>([
    ['all have numbers of their own', [24, 25], true],
    ['one is a repeat of the last', [23, 24], false],
    ['they are repeats', [21, 22], false],
  ])('is told from that by what is sent next: %s', async (_what, sequences, isRestored) => {
    const { keeper, outbox, lines, lookAgain } = await known()
    outbox.append(3)
    await lookAgain({ last: 23 })
    // Nothing was sent yet.
    await keeper.heard([])
    await keeper.heard(sequences)
    expect(lines.map(([, fields]) => fields)).toEqual(isRestored ? [{ stream: 'S', unknown_outputs: 3 }] : [])
    expect(keeper.epochs).toHaveLength(isRestored ? 2 : 1)
    // It is known from the first of them.
    await keeper.heard([90, 91])
    expect(lines).toHaveLength(isRestored ? 1 : 0)
  })

  it.each<readonly [string, Partial<StreamState>]>([
    ['has forgotten the IDs', { last: 23, remembersLast: false }],
    ['has as much as is known', { last: 20 }],
  ])('cannot be told by what is sent next where it %s', async (_what, state) => {
    const { keeper, outbox, lines, lookAgain } = await known()
    outbox.append(3)
    await lookAgain(state)
    await keeper.heard([24, 25])
    expect(lines).toEqual([])
  })
})

describe('a stream that lost outputs', () => {
  it('that went back is sent again what it lost, and gets the consumers that are missing', async () => {
    const { keeper, outbox, stream, lines, lookAgain } = await known()
    expect(await lookAgain({ last: 12, consumers: [consumer('one', 10)] })).toBe(true)
    expect(await waiting(outbox)).toEqual(range(13, 20))
    expect(outbox.delivered).toHaveLength(12)
    expect(stream.added).toEqual([consumer('two', 15)])
    expect(keeper.resent).toBe(8)
    expect(lines).toEqual([
      ['warn', { stream: 'S', consumers: ['two'] }, 'the stream lost consumers; they were created again'],
      [
        'warn',
        { stream: 'S', reason: 'went back', from_sequence: 13, to_sequence: 20, outputs: 8 },
        'the message server lost outputs; those that are kept are sent again',
      ],
    ])
    expect(outbox.record).toMatchObject({ lastSequence: 12, purged: 0 })
    expect(await lookAgain({ last: 12, consumers: [consumer('one', 10)] })).toBe(false)
  })

  it('says which consumers could not be created again', async () => {
    const { stream, lines, lookAgain } = await known()
    stream.failing = ['two']
    await lookAgain({ last: 12, consumers: [] })
    expect(stream.added.map(({ name }) => name)).toEqual(['one', 'two'])
    expect(lines[1]).toEqual([
      'error',
      { stream: 'S', consumers: ['two'] },
      'could not create consumers again: restart their components, and let them read the rooms again',
    ])
  })

  it.each<readonly [string, Partial<StreamState>]>([
    ['recreated', { created: 'today', last: 0, consumers: [] }],
    ['emptied', { last: 0, consumers: [] }],
  ])(
    'that was %s is sent again what was not read, and the numbers of the others are forgotten',
    async (reason, state) => {
      const { outbox, stream, lines, lookAgain } = await known()
      expect(await lookAgain(state)).toBe(true)
      expect(await waiting(outbox)).toEqual(range(11, 20))
      expect(outbox.delivered).toEqual([])
      expect(stream.added).toHaveLength(2)
      expect(lines.at(-1)).toEqual([
        'warn',
        { stream: 'S', reason, from_sequence: 11, to_sequence: 20, outputs: 10 },
        'the message server lost outputs; those that are kept are sent again',
      ])
      expect(outbox.record).toMatchObject({ lastSequence: 0, purged: 0 })
    },
  )

  it('of another name keeps the consumers of the other', async () => {
    const { outbox, stream, lookAgain } = await known()
    expect(await lookAgain({ name: 'T', last: 0, consumers: [] })).toBe(true)
    expect(stream.added).toEqual([])
    expect(await waiting(outbox)).toEqual(range(11, 20))
    expect(outbox.record).toMatchObject({ name: 'T' })
  })

  it('and that all consumers had read is sent nothing, and nothing is said', async () => {
    const { outbox, lines, lookAgain } = await known(20, { consumers: [consumer('one', 20)] })
    expect(await lookAgain({ last: 0 })).toBe(true)
    expect([await waiting(outbox), outbox.delivered, lines]).toEqual([[], [], []])
  })

  it.each<readonly [string, number, number | undefined]>([
    ['all that it lost', 10, undefined],
    ['none of what one consumer lacks', 11, 1],
    ['only the latest', 15, 5],
    ['nothing', 20, 10],
  ])('is said to have lost what is not kept, where the database keeps %s', async (_what, dropped, lost) => {
    const { outbox, lines, lookAgain } = await known()
    outbox.delivered = outbox.delivered.slice(dropped)
    await lookAgain({ last: 0 })
    expect(await waiting(outbox)).toEqual(range(dropped + 1, 20))
    const outputs = 20 - dropped
    const fields = { stream: 'S', reason: 'emptied', from_sequence: 11, to_sequence: 20, outputs, lost }
    expect(lines.filter(([level]) => level === 'error')).toEqual(
      lost === undefined
        ? []
        : [['error', fields, expect.stringContaining('let consumers read the rooms again')]],
    )
  })

  it.each([500, 501, 1_000])('has %s outputs sent again in portions of 500', async (count) => {
    const { keeper, outbox, lookAgain } = await known(count, { consumers: [] })
    const requeue = vi.spyOn(outbox, 'requeueDelivered')
    await lookAgain({ last: 0 })
    expect(keeper.resent).toBe(count)
    expect(requeue.mock.calls).toEqual(Array.from({ length: Math.floor(count / 500) + 1 }, () => [1, 500]))
    expect(await waiting(outbox)).toHaveLength(count)
  })

  it('that was purged is known to begin later, until it is another one', async () => {
    const { keeper, outbox, pauses, lookAgain } = await known(20, { isClustered: true, replicas: 3 })
    const read = [consumer('one', 10), { ...consumer('two', 15), reached: 18 }]
    expect(await lookAgain({ first: 19, consumers: read })).toBe(true)
    expect(await waiting(outbox)).toEqual(range(16, 20))
    expect([keeper.purged, outbox.record?.purged]).toEqual([18, 18])
    // Who removed them is nobody who may change their mind.
    expect(pauses).toEqual([])
    outbox.record = { ...outbox.record!, consumers: JSON.stringify(read) }
    await lookAgain({ first: 19, consumers: read })
    expect(keeper.purged).toBe(18)
    await lookAgain({ last: 12, consumers: read })
    expect(keeper.purged).toBe(12)
    await lookAgain({ created: 'today', last: 0, consumers: read })
    expect(keeper.purged).toBe(0)
  })

  it('is looked at once more where others of its cluster may still have them', async () => {
    const cluster = { isClustered: true, replicas: 3 }
    const { outbox, stream, pauses, lines, lookAgain } = await known(20, cluster)
    expect(await lookAgain({ last: 12 }, { last: 20 })).toBe(false)
    expect([pauses, stream.looks]).toEqual([[5_000], 2])
    expect([await waiting(outbox), lines]).toEqual([[], []])
    expect(await lookAgain({ last: 12 }, { last: 15 })).toBe(true)
    expect(await waiting(outbox)).toEqual(range(16, 20))
  })

  it.each<readonly [string, Partial<StreamState>]>([
    ['it has one replica', { isClustered: true, replicas: 1 }],
    ['there is no cluster', { isClustered: false, replicas: 3 }],
  ])('is believed at once where %s', async (_what, state) => {
    const { stream, pauses, lookAgain } = await known()
    expect(await lookAgain({ ...state, last: 12 })).toBe(true)
    expect([pauses, stream.looks]).toEqual([[], 1])
  })
})

it('takes consumers that cannot be read for none', async () => {
  const { outbox, stream, lookAgain } = await known()
  outbox.record = { ...outbox.record!, consumers: '[{' }
  expect(await lookAgain({ last: 12, consumers: [] })).toBe(true)
  expect(stream.added).toEqual([])
})

it('deletes what need not be kept any more in portions, at once where there is more, and goes on when that fails', async () => {
  const { keeper, outbox, lines, pauses, stop } = await known()
  const trim = vi.spyOn(outbox, 'trimDelivered')
  trim.mockResolvedValueOnce(500).mockResolvedValueOnce(499).mockRejectedValueOnce(new Error('away'))
  const retention = { maxAgeMs: 7, maxBytes: 8 }
  await keeper.trimAllTheTime(retention, stop.signal)
  expect(trim.mock.calls).toEqual(Array.from({ length: 3 }, () => [retention, 1_000, 500]))
  expect(pauses).toEqual([20, 10_000, 10_000])
  expect(lines).toEqual([
    ['warn', { err: new Error('away') }, 'could not delete old delivered outputs; will retry'],
  ])
})
