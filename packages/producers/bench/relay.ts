import { startNats } from '@roomserver/testing'
import { type Delivered, silentLogger, systemClock } from '@roomserver/types'
import { connectJetStream } from '../src/jetstream.ts'
import type { OutboxRow } from '../src/outbox.ts'
import { startOutboxRelay } from '../src/relay.ts'

/** How many outputs a second the relay brings to a nats-server on this machine, at several widths of the window. */
const COUNT = 20_000
const PAYLOAD = JSON.stringify({ type: 'new_room_event', filler: 'x'.repeat(1_400) })

await using nats = await startNats()
for (const window of [1, 16, 64]) {
  let rows: OutboxRow[] = Array.from({ length: COUNT }, (_, index) => ({
    position: index + 1,
    roomId: `!room${index % 50}:${window}`,
    seq: Math.floor(index / 50) + 1,
  }))
  const source = {
    waitingOutputs: async (_after: number, limit: number) => rows.slice(0, limit),
    recordDelivered: async (delivered: readonly Delivered[]) => {
      rows = rows.slice(delivered.length)
    },
    nextOutputs: async (delivered: readonly Delivered[], limit: number) => {
      rows = rows.slice(delivered.length)
      return rows.slice(0, limit)
    },
  }
  const connect = () => connectJetStream({ servers: [nats.url], topicPrefix: 'Bench' })
  const start = performance.now()
  await using relay = startOutboxRelay(
    { source, render: () => PAYLOAD, connect, clock: systemClock, log: silentLogger },
    { window },
  )
  await relay.drained(120_000)
  const seconds = (performance.now() - start) / 1_000
  console.log(
    `window ${String(window).padStart(3)}: ${Math.round(COUNT / seconds).toLocaleString('en')} outputs a second`,
  )
}
