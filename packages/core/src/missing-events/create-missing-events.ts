import type { RoomId } from '@roomserver/types'
import { withCallBudget } from './call-budget.ts'
import { serverStateReport, type ServerStateReport } from './server-state-report.ts'
import { RepairJobs, type RepairJob, type RepairJobLimits } from './repair-jobs.ts'
import type { RepairParts } from './repair-parts.ts'
import { type RepairLimits, MissingEventsFetcher } from './missing-events-fetcher.ts'
import { type Retried, Retries, type RetryParts } from './retries.ts'

/** The repairs of a process, as others see them. */
export interface RoomRepairs {
  /** Rooms that are being repaired, or wait for it, with how many events wait in each. */
  readonly rooms: ReadonlyMap<RoomId, number>
  /** Open repairs with their progress: events that wait, and what was done to get what they lack. */
  readonly jobs: readonly RepairJob[]
  /** Tries all repairs of a room again, also those that were given up, and waits for what comes of it. */
  retry(roomId: RoomId): Promise<readonly Retried[]>
  /** Asks servers of a room for its state; see `repairRoom` for what can be done with that. */
  serverStateReport(roomId: RoomId): Promise<ServerStateReport>
}

/** How much repairs may take, and how many are kept. */
export type AllRepairLimits = RepairLimits & RepairJobLimits

export const DEFAULT_REPAIR_LIMITS: AllRepairLimits = {
  maxServers: 5,
  atOnce: 3,
  patienceMs: 5_000,
  callMs: 30_000,
  budgetMs: 120_000,
  maxWaiting: 500,
  maxRooms: 32,
  maxJobs: 10_000,
  maxJobBytes: 64 * 1024 * 1024,
  maxAttempts: 12,
  retryAfterMs: 30_000,
  maxRetryAfterMs: 6 * 3_600_000,
}

/** Everything about repairs, put together. */
export interface MissingEventsParts {
  readonly repairs: MissingEventsFetcher
  readonly jobs: RepairJobs
  readonly retries: Retries
  readonly seen: RoomRepairs
}

/** Puts it together. */
export function createMissingEvents(
  given: Omit<RepairParts, 'jobs'> & Pick<RetryParts, 'ingest'>,
  limits: AllRepairLimits,
): MissingEventsParts {
  const parts = { ...given, federation: withCallBudget(given.federation, limits.callMs) }
  const jobs = new RepairJobs(parts, limits)
  const repairs = new MissingEventsFetcher({ ...parts, jobs }, limits)
  const retries = new Retries({ jobs, store: parts.store, log: parts.log, ingest: parts.ingest })
  const seen: RoomRepairs = {
    get rooms() {
      return repairs.rooms
    },
    get jobs() {
      return jobs.all
    },
    retry: (roomId) => retries.retry(roomId),
    serverStateReport: (roomId) => serverStateReport(parts, roomId, limits.maxServers),
  }
  return { repairs, jobs, retries, seen }
}
