import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import type { Acknowledgement, Bus } from './bus.ts'
import { PublishChain } from './chain.ts'
import type { OutputMessage } from './outbox.ts'

const message = (seq: number): OutputMessage => ({ id: `!r/${seq}`, roomId: '!r', payload: String(seq) })
const messages = (count: number) => Array.from({ length: count }, (_, index) => message(index + 1))

/** What can happen to one call: it works, it never arrives, its answer is lost. */
type Fate = 'works' | 'lost' | 'unanswered'

/** A stream as JetStream keeps it. Whether repeats or the expected number are looked at first differs by its version. */
class SketchedBus implements Bus {
  readonly isConnected = true
  readonly isClosed = false
  readonly maxPayloadBytes = 1_000_000
  readonly stored: string[] = []
  readonly #fates: Iterator<Fate, unknown>
  readonly #sequences = new Map<string, number>()

  readonly #isNumberFirst: boolean

  constructor(fates: Iterable<Fate>, before: readonly OutputMessage[] = [], isNumberFirst = false) {
    this.#isNumberFirst = isNumberFirst
    this.#fates = fates[Symbol.iterator]() as Iterator<Fate, unknown>
    for (const early of before) this.#store(early)
  }

  async lastSequence(): Promise<number> {
    if (this.#nextFate() !== 'works') throw new Error('no answer')
    return this.stored.length
  }

  async publish(sent: OutputMessage, after: number): Promise<Acknowledgement> {
    const fate = this.#nextFate()
    if (fate === 'lost') throw new Error('lost')
    const known = this.#sequences.get(sent.id)
    const isLooked = this.#isNumberFirst || known === undefined
    if (isLooked && after !== this.stored.length) throw new Error('wrong last sequence')
    const sequence = known ?? this.#store(sent)
    if (fate === 'unanswered') throw new Error('no answer')
    return { sequence, isDuplicate: known !== undefined }
  }

  async close(): Promise<void> {}

  #store(sent: OutputMessage): number {
    this.stored.push(sent.payload)
    this.#sequences.set(sent.id, this.stored.length)
    return this.stored.length
  }

  #nextFate(): Fate {
    const next = this.#fates.next()
    return next.done === true ? 'works' : (next.value as Fate)
  }
}

it('stores everything in order, once, whatever is lost on the way and was purged before', async () => {
  const fates = fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constant<Fate>('works') },
      fc.constant<Fate>('lost'),
      fc.constant<Fate>('unanswered'),
    ),
    { maxLength: 200 },
  )
  await fc.assert(
    fc.asyncProperty(
      fates,
      fc.nat(40),
      fc.nat(40),
      fc.integer({ min: 1, max: 16 }),
      fc.boolean(),
      fc.nat(40),
      async (fate, count, before, width, isNumberFirst, until) => {
        const all = messages(count)
        const sent = Math.min(before, count)
        const purged = Math.min(until, sent)
        const bus = new SketchedBus(fate, all.slice(0, sent), isNumberFirst)
        const chain = new PublishChain(bus, width, purged)
        let done = 0
        for (let round = 0; done < count && round < 500; round++) {
          const { acknowledged } = await chain.publish(all.slice(done, done + 20))
          done += acknowledged
          expect(bus.stored.length).toBeGreaterThanOrEqual(Math.max(sent, done) + Math.min(purged, done))
        }
        // What was purged is stored again, before what was never stored; what is there still is not.
        const stored = [...all.slice(0, sent), ...all.slice(0, purged), ...all.slice(sent)]
        expect(bus.stored).toEqual(stored.map(({ payload }) => payload))
      },
    ),
    { numRuns: 300 },
  )
})

it('stores what was purged twice a third time, under an ID that tells it from the others and is the same output', async () => {
  const bus = new SketchedBus([], [message(1)])
  const ids = vi.spyOn(bus, 'publish')
  await new PublishChain(bus, 4, 1).publish(messages(2))
  expect(await new PublishChain(bus, 4, 3).publish(messages(2))).toEqual({
    acknowledged: 2,
    sequences: [4, 5],
  })
  const used = ids.mock.calls.slice(-3).map(([{ id }]) => id)
  expect(used).toContain('!r/1/again-2')
  expect(bus.stored).toEqual(['1', '1', '2', '1', '2'])
})

it('takes no answer for a repeat that names an older copy than the answer before', async () => {
  const bus = new SketchedBus([])
  vi.spyOn(bus, 'publish').mockResolvedValue({ sequence: 3, isDuplicate: true })
  const { acknowledged, failure } = await new PublishChain(bus, 4, 5).publish(messages(1))
  expect([acknowledged, String(failure)]).toEqual([0, expect.stringContaining('one that it never had')])
})

it('says how far it got and why it stopped', async () => {
  const bus = new SketchedBus(['works', 'works', 'works', 'lost', 'works', 'works', 'lost'])
  const { acknowledged, failure } = await new PublishChain(bus, 4).publish(messages(6))
  expect(acknowledged).toBe(2)
  expect(failure).toEqual(new Error('lost'))
  expect(bus.stored).toEqual(['1', '2'])
})

it('sends nothing behind a stream that went back: what follows must not take the numbers of what it lost', async () => {
  const bus = new SketchedBus([])
  const chain = new PublishChain(bus, 4)
  await chain.publish(messages(3))
  bus.stored.length = 1
  const { acknowledged, failure } = await chain.publish([message(4)])
  expect([acknowledged, bus.stored]).toEqual([0, ['1']])
  expect(failure).toEqual(new Error('the stream is at 1 and was at 3: it lost messages'))
})

/** A stream of which the test counts how many messages are on their way at once. */
class WidthBus extends SketchedBus {
  readonly widths: number[] = []
  #underWay = 0
  #most = 0

  override async publish(sent: OutputMessage, after: number): Promise<Acknowledgement> {
    this.#most = Math.max(this.#most, ++this.#underWay)
    try {
      const answer = await super.publish(sent, after)
      await Promise.resolve()
      return answer
    } finally {
      if (--this.#underWay === 0) {
        this.widths.push(this.#most)
        this.#most = 0
      }
    }
  }
}

it('never has more messages on their way than it may', async () => {
  const bus = new WidthBus([])
  expect(await new PublishChain(bus, 4).publish(messages(11))).toMatchObject({ acknowledged: 11 })
  expect(bus.widths).toEqual([4, 4, 3])
})

it('feels its way with one message after a failure, then widens up to what it may', async () => {
  const bus = new WidthBus(['works', 'works', 'lost'])
  expect(await new PublishChain(bus, 4).publish(messages(13))).toMatchObject({ acknowledged: 13 })
  // The fourth of the first four is refused, as the second was lost.
  expect(bus.widths).toEqual([4, 1, 2, 4, 4, 1])
})

it('asks for the number of the last message once, as long as that is certain', async () => {
  const bus = new SketchedBus([])
  const asked = vi.spyOn(bus, 'lastSequence')
  const chain = new PublishChain(bus, 2)
  await chain.publish(messages(3))
  await chain.publish([message(4), message(5)])
  expect(asked).toHaveBeenCalledTimes(1)
  // A duplicate has an old number: where the stream ends is not certain then.
  await chain.publish([message(5)])
  await chain.publish([message(6)])
  expect(asked).toHaveBeenCalledTimes(2)
  expect(bus.stored).toEqual(['1', '2', '3', '4', '5', '6'])
})

it('publishes nothing as long as it is not told the number of the last message, and says why', async () => {
  const bus = new SketchedBus(['lost', 'lost'])
  const published = vi.spyOn(bus, 'publish')
  expect(await new PublishChain(bus, 4).publish(messages(3))).toEqual({
    acknowledged: 0,
    sequences: [],
    failure: new Error('no answer'),
  })
  expect(published).not.toHaveBeenCalled()
})
