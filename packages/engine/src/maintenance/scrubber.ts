import { blockHash, snapshotHash } from '@roomserver/state'
import { runAsLeader, type RoomCheck, type Storage } from '@roomserver/storage'
import {
  type EngineStore,
  isFailure,
  type LeaseStore,
  type Logger,
  NO_NID,
  type RoomRecord,
} from '@roomserver/types'
import { pause } from './in-slices.ts'

/** How blocks and snapshots get their content hashes. */
export const CONTENT_HASHES = { blockHash, snapshotHash }

/** Of so many milliseconds one is spent on checking at the most, so that a large room is not read again and again. */
const ONE_OF = 50

/** How long state is kept that nothing seems to refer to. */
const KEEP_MS = 7 * 24 * 3_600_000

/** How long it rests before it begins again with the first room. */
const END_OF_PASS_MS = 10_000

/** What of a store a scrubber works with. A store of one's own need not have it: then nothing is checked. */
export type ScrubbedStore = LeaseStore & Pick<Storage, 'rooms' | (typeof SCRUBBER_METHODS)[number]>

/** What a store has beyond that of an engine so that its rooms can be checked. */
export const SCRUBBER_METHODS = [
  'scrubbed',
  'setScrubbed',
  'checkRoom',
  'noteUnreferenced',
  'collectUnreferenced',
] as const

/** Whether rooms of a store can be checked. */
export function isScrubbed(store: EngineStore): store is EngineStore & ScrubbedStore {
  return SCRUBBER_METHODS.every((name) => name in store)
}

/** Of stores that are not checked. */
export const NO_SCRUBBER: Pick<Scrubber, 'checkedRooms' | 'findings'> = { checkedRooms: 0, findings: 0 }

/** Checks stored rooms all the time, slowly. */
export interface Scrubber extends AsyncDisposable {
  /** Rooms checked since the start; a room counts each time. */
  readonly checkedRooms: number
  /** What was found since the start. */
  readonly findings: number
}

/**
 * Starts it, in one process of those that share a database.
 *
 * @param roomsPerMinute - 0: it checks nothing
 */
export function startScrubber(storage: ScrubbedStore, roomsPerMinute: number, log: Logger): Scrubber {
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
  const scrubber = roomsPerMinute > 0 ? runAsLeader(storage, 'scrubber', start) : undefined
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

/**
 * Goes on behind the room that was checked last, be it by another process or before a restart: with many rooms one pass takes
 * days. A room that cannot be checked is passed over until the next pass.
 */
async function scrub(
  storage: ScrubbedStore,
  roomsPerMinute: number,
  counts: { checkedRooms: number; findings: number },
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const started = performance.now()
    try {
      const last = await storage.scrubbed()
      const [room] = await storage.rooms(last, 1)
      if (room !== undefined || last !== NO_NID) await storage.setScrubbed(room?.nid ?? NO_NID)
      if (room === undefined) await endPass(storage, log, signal)
      else counts.findings += await scrubRoom(storage, room, log)
      if (room !== undefined) counts.checkedRooms++
    } catch (error) {
      // A room that is purged meanwhile has nothing left that could be damaged.
      if (!isFailure(error, 'ROOM_NOT_FOUND'))
        log.warn({ err: error }, 'could not check a room; continuing with the next')
    }
    await pause(pauseAfter(performance.now() - started, roomsPerMinute), signal)
  }
}

/** Deletes what nothing has referred to for long enough, and that only where nothing contradicts it. */
async function endPass(storage: ScrubbedStore, log: Logger, signal: AbortSignal): Promise<void> {
  const collection = await storage.collectUnreferenced(KEEP_MS)
  if (collection.kind === 'refused') {
    const { referenced } = collection
    const repair = '`roomserver check --repair` finds the damaged index and rebuilds it'
    log.error(
      { referenced, repair },
      'found references to state that an index reports as unreferenced; an index is damaged; nothing was deleted',
    )
  }
  await pause(END_OF_PASS_MS, signal)
}

/** @returns how many things were found */
async function scrubRoom(storage: ScrubbedStore, { nid }: RoomRecord, log: Logger): Promise<number> {
  const check = await storage.checkRoom(nid, CONTENT_HASHES)
  const found = report(check, log)
  await storage.noteUnreferenced(check)
  return found
}

/** How long to wait after a room whose check took so long. Both in milliseconds. */
export function pauseAfter(tookMs: number, roomsPerMinute: number): number {
  return Math.max(60_000 / roomsPerMinute, tookMs * (ONE_OF - 1))
}

/** What a room that moved on meanwhile shows may be due to that. */
function report({ room, findings, isSettled }: RoomCheck, log: Logger): number {
  if (!isSettled) return 0
  for (const { what, means, repair } of findings) {
    log.error({ room_id: room.roomId, what, means, repair }, 'found damaged data')
  }
  return findings.length
}
