import { parentPort, workerData } from 'node:worker_threads'
import { createRoomserverClient } from '../src/index.ts'

interface Load {
  readonly protocol: 'h2c' | 'http/1.1'
  readonly atATime: number
  readonly url: string
  readonly milliseconds: number
}

const { protocol, atATime, url, milliseconds } = workerData as Load
const client = createRoomserverClient(url, { protocol })

async function ask(untilMs: number): Promise<void> {
  while (performance.now() < untilMs) await client.queryRoomVersionForRoom({ room_id: '!room:example.org' })
}

async function load(forMs: number): Promise<void> {
  const untilMs = performance.now() + forMs
  await Promise.all(Array.from({ length: atATime }, () => ask(untilMs)))
}

await load(milliseconds / 2)
parentPort?.postMessage('warm')
await load(milliseconds)
parentPort?.postMessage('done')
