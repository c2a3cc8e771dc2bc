import { setTimeout as wait } from 'node:timers/promises'
import { blockHash, snapshotHash } from '@roomserver/state'
import { lead, type RoomCheck, type Storage } from '@roomserver/storage'
import type { Logger } from '@roomserver/types'
import type { Config } from '../config/config.ts'

/** How blocks and snapshots get their content hashes. */
export const CONTENT_HASHES = { blockHash, snapshotHash }

/** Of so many milliseconds one is spent on checking at the most, so that a large room is not read again and again. */
const ONE_OF = 50

/** Checks stored rooms all the time, slowly. */
export interface Scrubber extends AsyncDisposable {
  /** Rooms checked since the start; a room counts each time. */
  readonly checkedRooms: number
  /** What was found since the start. */
  readonly findings: number
}

/** Starts it, in one process of those that share a database, unless the configuration says otherwise. */
export function startScrubber(storage: Storage, config: Config, log: Logger): Scrubber {
  const { enabled, rooms_per_minute: roomsPerMinute } = config.settings.scrubber
  const counts = { checkedRooms: 0, findings: 0 }
  const start = (): AsyncDisposable => {
    const stop = new AbortController()
    const running = scrub(storage, roomsPerMinute, counts, log, stop.signal)
    return {
      [Symbol.asyncDispose]: async () => {
        stop.abort()
        await running
      },
    }
  }
  const scrubber = enabled ? lead(storage, 'scrubber', start) : undefined
  return {
    get checkedRooms() {
      return counts.checkedRooms
    },
    get findings() {
      return counts.findings
    },
    [Symbol.asyncDispose]: async () => {
      await scrubber?.[Symbol.asyncDispose]()
    },
  }
}

async function scrub(
  storage: Storage,
  roomsPerMinute: number,
  counts: { checkedRooms: number; findings: number },
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      let started = performance.now()
      for await (const check of storage.check(CONTENT_HASHES)) {
        if (signal.aborted) return
        counts.checkedRooms++
        counts.findings += report(check, log)
        await storage.collect(check)
        await pause(pauseAfter(performance.now() - started, roomsPerMinute), signal)
        started = performance.now()
      }
    } catch (error) {
      log.warn({ err: error }, 'the scrubber was interrupted and starts again')
    }
    await pause(Math.max(pauseAfter(0, roomsPerMinute), 10_000), signal)
  }
}

/** How long to wait after a room whose check took so long. Both in milliseconds. */
export function pauseAfter(tookMs: number, roomsPerMinute: number): number {
  return Math.max(60_000 / roomsPerMinute, tookMs * (ONE_OF - 1))
}

/** What a room that moved on meanwhile shows may be due to that. */
function report({ room, findings, isSettled }: RoomCheck, log: Logger): number {
  if (!isSettled) return 0
  for (const { what, means, repair } of findings) {
    log.error({ room_id: room.roomId, what, means, repair }, 'stored data contradicts itself')
  }
  return findings.length
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal, ref: false }).catch(() => undefined)
}
