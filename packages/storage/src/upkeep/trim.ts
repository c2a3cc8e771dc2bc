import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'

/** What of the embedded output log is kept. */
export interface OutputRetention {
  /** So many of the latest outputs at the most. */
  readonly maxCount: number
  /** None that was there this long ago, as far as was noted. */
  readonly maxAgeMs: number
}

/** How often it is noted how far the log has come, as a share of the age that is kept. */
const MARKS = 100

/**
 * Drops the oldest outputs that are not to be kept, `slice` at the most; never the latest. What is dropped and that it
 * was are written together, so that a reader who missed something is told.
 *
 * @param now - milliseconds since the epoch
 * @returns how many were dropped; as many as `slice`: there may be more
 */
export async function trimOutputs(
  db: Db,
  { trim }: Tables,
  { maxCount, maxAgeMs }: OutputRetention,
  now: number,
  slice: number,
): Promise<number> {
  const latest = await trim.latest(db)
  if (latest === 0) return 0
  if (now - (await trim.lastMark(db)) >= maxAgeMs / MARKS) await trim.mark(db, latest, now)
  const before = Math.min(
    latest,
    Math.max(latest - maxCount + 1, (await trim.marked(db, now - maxAgeMs)) + 1),
  )
  return await db.transaction().execute(async (tx) => {
    const { count, next } = await trim.drop(tx, before, slice)
    if (count > 0) await trim.moveFirst(tx, next)
    if (count > 0 && count < slice) await trim.dropMarks(tx, next - 1)
    return count
  })
}
