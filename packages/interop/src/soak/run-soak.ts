import { connect } from 'node:http2'
import { setTimeout as delay } from 'node:timers/promises'
import { post } from '@roomserver/testing'
import { cpuSecondsOf, memoryOf, startPeak } from '../federated/measure.ts'
import { Day } from './day.ts'
import { lineOf, type Moment, type Slice, sliceOf } from './slice.ts'
import { tableSizes } from './table-sizes.ts'

/** A server under test and its store, with nothing in it. */
export interface Soaked {
  readonly url: string
  readonly pid: number
  readonly database: string
  readonly serverName: string
}

export interface SoakOptions {
  readonly minutes: number
  /** Events a second. What the server does not take in time is made up for. */
  readonly rate: number
  readonly slices: number
  readonly rooms: number
  readonly members: number
  readonly seed: number
}

/** How many things are done at once. */
const AT_ONCE = 8
/** How far the day may fall behind its rate before it stops making up for it. */
const MAX_BEHIND_MS = 5_000

/** Gives a server an ordinary day, at a steady rate, and tells what came of each part of it. */
export async function runSoak(server: Soaked, options: SoakOptions): Promise<readonly Slice[]> {
  const session = connect(server.url)
  let latencies: number[] = []
  const call = async (operation: string, body: string) => {
    const began = performance.now()
    const { status, text } = await post(session, `/api/roomserver/${operation}`, body)
    if (operation === 'inputRoomEvents') latencies.push(performance.now() - began)
    if (status !== 200) throw new Error(`${operation}: ${status} ${text.slice(0, 500)}`)
    return text
  }
  try {
    const day = new Day(call, { ...options, serverName: server.serverName })
    await day.fill()
    console.log(`${options.rooms} rooms are filled, with ${day.events} events`)
    const slices: Slice[] = []
    let from = await moment(server, day)
    for (let number = 1; number <= options.slices; number++) {
      latencies = []
      await startPeak(server.pid)
      await live(day, (options.minutes * 60_000) / options.slices, options.rate)
      const to = await moment(server, day)
      const slice = sliceOf(from, to, await memoryOf(server.pid), latencies)
      console.log(`${number}/${options.slices}: ${lineOf(slice)}`)
      slices.push(slice)
      from = to
    }
    return slices
  } finally {
    session.close()
  }
}

async function moment({ pid, database }: Soaked, { events }: Day): Promise<Moment> {
  return {
    events,
    seconds: performance.now() / 1000,
    cpuSeconds: await cpuSecondsOf(pid),
    tables: await tableSizes(database),
  }
}

async function live(day: Day, ms: number, rate: number): Promise<void> {
  const end = performance.now() + ms
  let due = performance.now()
  const worker = async () => {
    while (due < end) {
      due = Math.max(due + 1_000 / rate, performance.now() - MAX_BEHIND_MS)
      await delay(Math.max(0, due - performance.now()))
      await day.step()
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}
