import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { serveRoomserver } from '../src/index.ts'
import { fakeRoomserver } from '../test/fake-roomserver.ts'

// What a trivial query costs, from the first byte to the last: time of the server's thread, and requests a second of
// time with the client on another core.
const SECONDS = 4

test.each([
  ['h2c', 1],
  ['h2c', 32],
  ['http/1.1', 1],
  ['http/1.1', 32],
] as const)('%s, %i at a time', async (protocol, atATime) => {
  const { api, calls } = fakeRoomserver()
  await using server = await serveRoomserver(api, { listen: { port: 0 } })
  const workerData = { protocol, atATime, url: server.address, milliseconds: SECONDS * 1_000 }
  const worker = new Worker(new URL('load.ts', import.meta.url), { workerData })
  await once(worker, 'message')
  const before = process.threadCpuUsage()
  const asked = calls.length
  const start = performance.now()
  await once(worker, 'message')
  const count = calls.length - asked
  const { user, system } = process.threadCpuUsage(before)
  const perSecond = (count / (performance.now() - start)) * 1_000
  const micros = (user + system) / count
  console.log(
    `${protocol}, ${atATime} at a time: ${Math.round(perSecond)} requests a second; ${Math.round(micros)} µs of CPU time each`,
  )
  await worker.terminate()
  expect(count).toBeGreaterThan(0)
})
