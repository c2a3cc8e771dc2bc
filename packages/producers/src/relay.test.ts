import { type Delivered, silentLogger, systemClock } from '@roomserver/types'
import { afterEach, describe, expect, it } from 'vitest'
import type { Acknowledgement, Bus } from './bus.ts'
import type { OutboxRow, OutboxSource, OutputMessage } from './outbox.ts'
import { type OutboxRelay, type RelayDeps, startOutboxRelay } from './relay.ts'

class MemoryOutbox implements OutboxSource {
  rows: OutboxRow[] = []
  async waitingOutputs(after: number, limit: number): Promise<readonly OutboxRow[]> {
    return this.rows.filter(({ position }) => position > after).slice(0, limit)
  }
  async nextOutputs(delivered: readonly Delivered[], limit: number): Promise<readonly OutboxRow[]> {
    await this.recordDelivered(delivered)
    return await this.waitingOutputs(0, limit)
  }
  async recordDelivered(delivered: readonly Delivered[]): Promise<void> {
    const gone = new Set(delivered.map(({ position }) => position))
    this.rows = this.rows.filter(({ position }) => !gone.has(position))
  }
  add(roomId: string, seq: number, position: number): void {
    this.rows.push({ roomId, seq, position })
    this.rows.sort((a, b) => a.position - b.position)
  }
}

class MemoryBus implements Bus {
  isConnected = true
  isClosed = false
  maxPayloadBytes = 1_000
  isDown = false
  readonly stored: string[] = []
  async lastSequence(): Promise<number> {
    if (this.isDown) throw new Error('down')
    return this.stored.length
  }
  async publish(message: OutputMessage, after: number): Promise<Acknowledgement> {
    if (this.isDown) throw new Error('down')
    if (after !== this.stored.length) throw new Error('wrong last sequence')
    return { sequence: this.stored.push(message.id), isDuplicate: false }
  }
  async close(): Promise<void> {
    this.isClosed = true
  }
}

const relays: OutboxRelay[] = []
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay[Symbol.asyncDispose]()))
})

function start(source: MemoryOutbox, bus: Bus, deps: Partial<RelayDeps<OutboxRow>> = {}): OutboxRelay {
  const render = (row: OutboxRow) => JSON.stringify({ seq: row.seq })
  const relay = startOutboxRelay(
    { source, render, connect: async () => bus, clock: systemClock, log: silentLogger, ...deps },
    { pollMs: 5, pauseMs: 1, window: 4, batch: 8 },
  )
  relays.push(relay)
  return relay
}

describe('the relay', () => {
  it('sends what waits and drops it', async () => {
    const outbox = new MemoryOutbox()
    for (let seq = 1; seq <= 30; seq++) outbox.add('!a', seq, seq)
    const bus = new MemoryBus()
    const relay = start(outbox, bus)
    expect(await relay.drained(5_000)).toBe(true)
    expect(bus.stored).toEqual(Array.from({ length: 30 }, (_, index) => `!a/${index + 1}`))
    expect(outbox.rows).toEqual([])
    expect(relay.status()).toMatchObject({ delivered: 30, setAside: [] })
  })

  it('drops what was sent although nothing comes after it, also when it is stopped', async () => {
    const outbox = new MemoryOutbox()
    outbox.add('!a', 1, 1)
    const bus = new MemoryBus()
    const relay = start(outbox, bus)
    while (outbox.rows.length > 0) await new Promise((resolve) => setTimeout(resolve, 1))
    outbox.add('!a', 2, 2)
    relay.wake()
    while (bus.stored.length < 2) await new Promise((resolve) => setImmediate(resolve))
    await relay[Symbol.asyncDispose]()
    expect(outbox.rows).toEqual([])
    expect(bus.stored).toEqual(['!a/1', '!a/2'])
  })

  it('finds rows that were committed late with a low position', async () => {
    const outbox = new MemoryOutbox()
    const bus = new MemoryBus()
    outbox.add('!a', 1, 10)
    const relay = start(outbox, bus)
    await relay.drained(5_000)
    outbox.add('!b', 1, 7)
    await relay.drained(5_000)
    expect(bus.stored).toEqual(['!a/1', '!b/1'])
  })

  it('waits for a bus that is down and says since when', async () => {
    const outbox = new MemoryOutbox()
    const bus = new MemoryBus()
    bus.isDown = true
    outbox.add('!a', 1, 1)
    const relay = start(outbox, bus)
    expect(await relay.drained(40)).toBe(false)
    expect(relay.status()).toMatchObject({ lastFailure: 'down', behindSinceMs: expect.any(Number) })
    bus.isDown = false
    expect(await relay.drained(5_000)).toBe(true)
    expect(relay.status().behindSinceMs).toBeUndefined()
  })

  it('sets a room aside whose output the bus can never take, and only that room', async () => {
    const outbox = new MemoryOutbox()
    const bus = new MemoryBus()
    outbox.add('!bad', 1, 1)
    outbox.add('!good', 1, 2)
    outbox.add('!bad', 2, 3)
    const render = (row: OutboxRow) => (row.roomId === '!bad' && row.seq === 1 ? 'x'.repeat(2_000) : '{}')
    const relay = start(outbox, bus, { render })
    expect(await relay.drained(5_000)).toBe(true)
    expect(bus.stored).toEqual(['!good/1'])
    expect(outbox.rows.map(({ seq }) => seq)).toEqual([1, 2])
    expect(relay.status().setAside).toEqual(['!bad'])
  })

  it('opens the bus again although the one that was lost cannot be closed', async () => {
    const outbox = new MemoryOutbox()
    const lost = new MemoryBus()
    const fresh = new MemoryBus()
    const buses = [lost, fresh]
    lost.isDown = true
    lost.isClosed = true
    lost.close = () => Promise.reject(new Error('the socket is gone'))
    outbox.add('!a', 1, 1)
    const relay = start(outbox, lost, { connect: async () => buses.shift() ?? fresh })
    expect(await relay.drained(5_000)).toBe(true)
    expect(fresh.stored).toEqual(['!a/1'])
  })

  it('opens the bus again when it was lost for good', async () => {
    const outbox = new MemoryOutbox()
    const lost = new MemoryBus()
    const fresh = new MemoryBus()
    const buses = [lost, fresh]
    lost.isDown = true
    lost.isClosed = true
    outbox.add('!a', 1, 1)
    const relay = start(outbox, lost, { connect: async () => buses.shift() ?? fresh })
    expect(await relay.drained(5_000)).toBe(true)
    expect(fresh.stored).toEqual(['!a/1'])
  })
})
