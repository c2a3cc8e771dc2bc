import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startTarget } from '@roomserver/testing'
import { runSoak } from './run-soak.ts'
import { type Moment, sliceOf, soakTable } from './slice.ts'

it('gives a server a day, all of which it takes, and tells what each part took', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-soak-'))
  const database = `file:${join(folder, 'rooms.db')}`
  const serverName = 'test.example'
  {
    await using server = await startTarget({ serverName, database })
    const day = { minutes: 0.05, rate: 30, slices: 2, rooms: 6, members: 20, seed: 1 }
    const slices = await runSoak({ ...server, database, serverName }, day)
    expect(slices).toHaveLength(2)
    for (const { events, residentMiB, bytesPerEvent } of slices) {
      expect(events).toBeGreaterThan(0)
      expect(residentMiB).toBeGreaterThan(0)
      expect([...bytesPerEvent.keys()]).toEqual(expect.arrayContaining(['blocks', 'events', 'outputs']))
    }
  }
  await rm(folder, { recursive: true })
})

it('tells of a part what came between its two moments', () => {
  const at = (events: number, cpuSeconds: number, bytes: number): Moment => ({
    events,
    seconds: events / 10,
    cpuSeconds,
    tables: new Map([['events', bytes]]),
  })
  const memory = { residentMiB: 200, peakMiB: 210 }
  const first = sliceOf(at(100, 5, 1_000), at(300, 6, 201_000), memory, [1, 2, 3])
  const last = sliceOf(at(300, 6, 201_000), at(500, 7, 501_000), memory, [5])
  expect(first).toMatchObject({ events: 200, seconds: 20, cpuMsPerEvent: 5, p50ms: 2, p99ms: 3 })
  expect(soakTable(first, last)).toContain('| bytes per event, events | 1000 | 1500 |')
})
