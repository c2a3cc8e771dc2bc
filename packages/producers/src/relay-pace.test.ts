import { type Delivered, type Logger, silentLogger, systemClock } from '@roomserver/types'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { MemoryOutbox } from '../test/memory-outbox.ts'
import type { Acknowledgement, Bus } from './bus.ts'
import type { OutboxRow, OutputMessage } from './outbox.ts'
import { type OutboxRelay, type RelayDeps, type RelayOptions, startOutboxRelay } from './relay.ts'

// The test holds the clock: what happens without time passing happened at once.
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const HOUR_MS = 3_600_000

/** An outbox that counts how often it is looked at, and how much of it at once. */
class CountedOutbox extends MemoryOutbox {
  readonly reads: number[] = []
  readonly dropped: number[] = []

  override async nextOutputs(delivered: readonly Delivered[], limit: number): Promise<readonly OutboxRow[]> {
    this.dropped.push(...delivered.map(({ position }) => position))
    const rows = await super.nextOutputs(delivered, limit)
    this.reads.push(rows.length)
    return rows
  }
}

class CountedBus implements Bus {
  isConnected = true
  isClosed = false
  maxPayloadBytes = 1_000
  isDown = false
  attempts = 0
  onReconnect?: () => void
  closings = 0
  readonly stored: string[] = []

  async lastSequence(): Promise<number> {
    this.attempts++
    if (this.isDown) throw new Error('down')
    return this.stored.length
  }
  async publish(message: OutputMessage, after: number): Promise<Acknowledgement> {
    if (this.isDown) throw new Error('down')
    if (after !== this.stored.length) throw new Error('wrong last sequence')
    return { sequence: this.stored.push(message.id), isDuplicate: false }
  }
  async close(): Promise<void> {
    this.closings++
  }
}

function start(
  source: MemoryOutbox,
  bus: Bus,
  options: Partial<RelayOptions> = {},
  deps: Partial<RelayDeps<OutboxRow>> = {},
): OutboxRelay {
  const relay = startOutboxRelay(
    { source, render: () => '{}', connect: async () => bus, clock: systemClock, log: silentLogger, ...deps },
    { pollMs: HOUR_MS, pauseMs: 100, window: 4, batch: 8, ...options },
  )
  onTestFinished(() => relay[Symbol.asyncDispose]())
  return relay
}

/** Everything that is due without time passing. */
const settle = () => vi.advanceTimersByTimeAsync(0)

describe('the pace of the relay', () => {
  it('reads the next batch at once after a full one', async () => {
    const outbox = new CountedOutbox()
    outbox.append(20)
    const bus = new CountedBus()
    start(outbox, bus)
    await settle()
    expect(outbox.reads).toEqual([8, 8, 4])
    expect(bus.stored).toHaveLength(20)
  })

  it('is idle when there is nothing to send: no read without a call or the poll', async () => {
    const outbox = new CountedOutbox()
    start(outbox, new CountedBus())
    await settle()
    expect(outbox.reads).toEqual([0])
    await vi.advanceTimersByTimeAsync(HOUR_MS - 1)
    expect(outbox.reads).toEqual([0])
    await vi.advanceTimersByTimeAsync(1)
    expect(outbox.reads).toEqual([0, 0])
  })

  it('sends at once when it is called, long before it would look by itself', async () => {
    const outbox = new CountedOutbox()
    const bus = new CountedBus()
    const relay = start(outbox, bus)
    await settle()
    outbox.append(1)
    await settle()
    expect(bus.stored).toEqual([])
    relay.wake()
    await settle()
    expect(bus.stored).toEqual(['!a:test/1'])
  })

  it('finds what another process committed when it looks by itself', async () => {
    const outbox = new CountedOutbox()
    const bus = new CountedBus()
    start(outbox, bus, { pollMs: 200 })
    await settle()
    outbox.append(1)
    await vi.advanceTimersByTimeAsync(200)
    expect(bus.stored).toEqual(['!a:test/1'])
  })

  it('drops what was sent a moment later, although nothing else comes', async () => {
    const outbox = new CountedOutbox()
    outbox.append(3)
    start(outbox, new CountedBus())
    await settle()
    expect(outbox.dropped).toEqual([])
    await vi.advanceTimersByTimeAsync(20)
    expect(outbox.dropped).toEqual([1, 2, 3])
  })

  it('pauses shortly after a first failure, longer after each further one, and never longer than ten times that', async () => {
    const outbox = new CountedOutbox()
    outbox.append(1)
    const bus = new CountedBus()
    bus.isDown = true
    start(outbox, bus)
    await settle()
    const pauses: number[] = []
    for (let round = 0; round < 8; round++) {
      const before = outbox.reads.length
      let waited = 0
      while (outbox.reads.length === before) {
        await vi.advanceTimersByTimeAsync(50)
        waited += 50
      }
      pauses.push(waited)
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000])
  })

  it('ends a pause, and waits for no poll, when the bus can be reached again', async () => {
    const outbox = new CountedOutbox()
    outbox.append(1)
    const bus = new CountedBus()
    bus.isDown = true
    start(outbox, bus, { pauseMs: HOUR_MS })
    await settle()
    bus.isDown = false
    bus.onReconnect?.()
    await settle()
    expect(bus.stored).toEqual(['!a:test/1'])
    outbox.append(1)
    bus.onReconnect?.()
    await settle()
    expect(bus.stored).toHaveLength(2)
  })

  it('pauses shortly again once something was delivered in between', async () => {
    const outbox = new CountedOutbox()
    outbox.append(1)
    const bus = new CountedBus()
    bus.isDown = true
    const relay = start(outbox, bus)
    await vi.advanceTimersByTimeAsync(100 + 200 + 400)
    bus.isDown = false
    await vi.advanceTimersByTimeAsync(800)
    expect(bus.stored).toEqual(['!a:test/1'])
    bus.isDown = true
    outbox.append(1)
    relay.wake()
    await settle()
    const before = outbox.reads.length
    await vi.advanceTimersByTimeAsync(99)
    expect(outbox.reads).toHaveLength(before)
    await vi.advanceTimersByTimeAsync(1)
    expect(outbox.reads).toHaveLength(before + 1)
  })

  it('says once that outputs wait, and again only after many attempts', async () => {
    const warnings: unknown[] = []
    const log: Logger = { ...silentLogger, warn: (fields) => warnings.push(fields) }
    const outbox = new CountedOutbox()
    outbox.append(1)
    const bus = new CountedBus()
    bus.isDown = true
    start(outbox, bus, {}, { log })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(warnings).toEqual([{ reason: 'down', attempts: 1 }])
    await vi.advanceTimersByTimeAsync(3 * 60_000)
    expect(warnings).toEqual([
      { reason: 'down', attempts: 1 },
      { reason: 'down', attempts: 180 },
    ])
  })

  it('says once that the bus is away, also where nothing is to be sent, and once that it is back, with its address', async () => {
    const lines: unknown[] = []
    const note = (fields: object, message: string) => lines.push([message, fields])
    const log: Logger = { ...silentLogger, warn: note, info: note }
    const place = 'nats://here:4222'
    const bus = new CountedBus()
    start(new CountedOutbox(), bus, { pollMs: 200 }, { log, place })
    await settle()
    bus.isConnected = false
    await vi.advanceTimersByTimeAsync(2_000)
    bus.isConnected = true
    await vi.advanceTimersByTimeAsync(2_000)
    expect(lines).toEqual([
      ['connected to the message server', { message_server: place }],
      [
        'outputs are queued: message server unavailable; will retry',
        { message_server: place, reason: 'the connection was lost', attempts: 0 },
      ],
      ['the message server can be used again', { message_server: place }],
    ])
  })

  it('opens the bus anew after five failures in a row, and not before', async () => {
    const outbox = new CountedOutbox()
    outbox.append(1)
    const bus = new CountedBus()
    bus.isDown = true
    let connections = 0
    const connect = async () => {
      connections++
      return bus
    }
    start(outbox, bus, {}, { connect })
    await vi.advanceTimersByTimeAsync(100 + 200 + 400)
    expect([connections, bus.closings]).toEqual([1, 0])
    await vi.advanceTimersByTimeAsync(800)
    expect(bus.closings).toBe(1)
    await vi.advanceTimersByTimeAsync(1_600)
    expect(connections).toBe(2)
  })

  it('ends a pause when it is disposed of', async () => {
    const outbox = new CountedOutbox()
    outbox.append(1)
    const bus = new CountedBus()
    bus.isDown = true
    const relay = start(outbox, bus, { pauseMs: HOUR_MS })
    await settle()
    await relay[Symbol.asyncDispose]()
    expect(bus.closings).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('tells who waits for an empty outbox when it is empty, and that it is not when the time is over', async () => {
    const outbox = new CountedOutbox()
    outbox.append(20)
    const bus = new CountedBus()
    bus.isDown = true
    const relay = start(outbox, bus)
    const late = relay.drained(50)
    await vi.advanceTimersByTimeAsync(50)
    expect(await late).toBe(false)
    bus.isDown = false
    const inTime = relay.drained(HOUR_MS)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await inTime).toBe(true)
    expect(bus.stored).toHaveLength(20)
    expect(relay.status().behindSinceMs).toBeUndefined()
  })

  it('says at once that the outbox is empty, where it is and where what waits can be sent', async () => {
    const outbox = new CountedOutbox()
    const relay = start(outbox, new CountedBus())
    await settle()
    const said: boolean[] = []
    for (const waiting of [0, 3]) {
      outbox.append(waiting)
      void relay.drained(HOUR_MS).then((isEmpty) => said.push(isEmpty))
      await settle()
    }
    expect(said).toEqual([true, true])
  })

  it('writes nothing when it ends with nothing to record', async () => {
    const outbox = new CountedOutbox()
    const relay = start(outbox, new CountedBus())
    await settle()
    const record = vi.spyOn(outbox, 'recordDelivered')
    await relay[Symbol.asyncDispose]()
    expect(record).not.toHaveBeenCalled()
  })

  it('says since when outputs wait, also while the first ones are being sent', async () => {
    const outbox = new CountedOutbox()
    outbox.append(1)
    const bus = new SilentBus()
    const relay = start(outbox, bus, {}, { clock: { now: () => 5 } })
    await settle()
    expect(relay.status().behindSinceMs).toBe(5)
    bus.isConnected = false
  })

  it('goes on when there is no connection at first', async () => {
    const outbox = new CountedOutbox()
    outbox.append(1)
    const bus = new CountedBus()
    let attempts = 0
    const connect = async () => {
      if (++attempts < 3) throw new Error('refused')
      return bus
    }
    const relay = start(outbox, bus, {}, { connect, clock: { now: () => 5 } })
    await settle()
    expect(relay.status()).toMatchObject({
      isConnected: false,
      isOpened: false,
      lastFailure: 'refused',
      behindSinceMs: 5,
    })
    await vi.advanceTimersByTimeAsync(100 + 200)
    expect(bus.stored).toEqual(['!a:test/1'])
    expect(relay.status()).toMatchObject({ isConnected: true, isOpened: true, delivered: 1 })
  })

  it('counts as unconnected while the stream does not take outputs, though the server can be reached', async () => {
    const outbox = new CountedOutbox()
    outbox.append(1)
    const bus = new CountedBus()
    bus.isDown = true
    const relay = start(outbox, bus)
    await settle()
    expect(relay.status()).toMatchObject({ isConnected: false, isOpened: true, lastFailure: 'down' })
    bus.isDown = false
    await vi.advanceTimersByTimeAsync(100)
    expect(relay.status()).toMatchObject({ isConnected: true, delivered: 1 })
  })

  it('does not wait for a message server that is away when it is disposed of', async () => {
    const outbox = new CountedOutbox()
    outbox.append(1)
    const bus = new SilentBus()
    const relay = start(outbox, bus)
    await settle()
    bus.isConnected = false
    await relay[Symbol.asyncDispose]()
    expect(bus.isClosed).toBe(true)
  })

  it('waits for the answers of a message server that is there when it is disposed of', async () => {
    const outbox = new CountedOutbox()
    outbox.append(1)
    const bus = new SilentBus()
    const relay = start(outbox, bus)
    await settle()
    const closing = relay[Symbol.asyncDispose]()
    await settle()
    expect(bus.isClosed).toBe(false)
    bus.answer.resolve({ sequence: 1, isDuplicate: false })
    await closing
    expect(outbox.dropped).toEqual([])
    expect(await outbox.outputs(0, 10)).toEqual([])
  })
})

/** Takes messages and does not answer, until it is closed or the test says so. */
class SilentBus extends CountedBus {
  readonly answer = Promise.withResolvers<Acknowledgement>()

  override async publish(): Promise<Acknowledgement> {
    return await this.answer.promise
  }
  override async close(): Promise<void> {
    this.isClosed = true
    this.answer.reject(new Error('connection closed'))
  }
}

describe('waiting for a delivery', () => {
  /** A bus that stores nothing until it is told to. */
  class GatedBus extends CountedBus {
    readonly gate = Promise.withResolvers<void>()
    override async publish(message: OutputMessage, after: number): Promise<Acknowledgement> {
      await this.gate.promise
      return super.publish(message, after)
    }
  }

  /** What a wait came to, as far as it did without time passing. */
  async function now(wait: Promise<boolean>): Promise<boolean | 'waits'> {
    let result: boolean | 'waits' = 'waits'
    void wait.then((isDelivered) => (result = isDelivered))
    await settle()
    return result
  }

  it('ends when the bus has stored the output, and at once where it has already', async () => {
    const outbox = new CountedOutbox()
    const bus = new GatedBus()
    const relay = start(outbox, bus)
    await settle()
    outbox.append(1)
    relay.wake()
    const [row] = await outbox.outputs(0, 1)
    const [roomId, seq] = [row?.roomId ?? '', row?.seq ?? 0]
    const waiting = relay.delivered(roomId, seq, HOUR_MS)
    expect(await now(waiting)).toBe('waits')
    bus.gate.resolve()
    expect(await now(waiting)).toBe(true)
    expect(await now(relay.delivered(roomId, seq, HOUR_MS))).toBe(true)
    expect(await now(relay.delivered(roomId, seq + 1, HOUR_MS))).toBe('waits')
  })

  it('ends when the time is over', async () => {
    const outbox = new CountedOutbox()
    const bus = new GatedBus()
    const relay = start(outbox, bus)
    onTestFinished(() => bus.gate.resolve())
    await settle()
    outbox.append(1)
    relay.wake()
    const waiting = relay.delivered('!r', 1, 100)
    await vi.advanceTimersByTimeAsync(99)
    expect(await now(waiting)).toBe('waits')
    await vi.advanceTimersByTimeAsync(1)
    expect(await now(waiting)).toBe(false)
  })

  it('ends at once where it would take long: the bus fails, is away, or more waits than goes out together', async () => {
    const outbox = new CountedOutbox()
    const bus = new GatedBus()
    const relay = start(outbox, bus)
    await settle()
    outbox.append(8)
    const waiting = relay.delivered('!r', 8, HOUR_MS)
    relay.wake()
    await settle()
    const late = relay.delivered('!r', 8, HOUR_MS)
    await vi.advanceTimersByTimeAsync(1)
    expect(await now(late)).toBe(false)
    bus.isDown = true
    bus.gate.resolve()
    expect(await now(waiting)).toBe(false)
    bus.isConnected = false
    const away = relay.delivered('!r', 8, HOUR_MS)
    await vi.advanceTimersByTimeAsync(1)
    expect(await now(away)).toBe(false)
  })
})
