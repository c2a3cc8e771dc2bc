import type { OutputRetention, Trimmed } from '@roomserver/types'
import type { Db } from '../schema.ts'
import type { OutputMarksTable } from '../tables/output-marks.ts'
import type { Tables } from '../tables/tables.ts'
import { nthFromEnd } from './epochs.ts'

/** How often it is noted how far the log has come, as a share of the age and of the bytes that are kept. */
const MARKS = 100

/**
 * Drops the oldest outputs that are not to be kept, `slice` at the most; never the latest. What is dropped and that it
 * was are written together, so that a reader who missed something is told.
 *
 * @param now - milliseconds since the epoch
 */
export async function trimOutputs(
  db: Db,
  { trim, outputEpochs }: Tables,
  retention: OutputRetention,
  now: number,
  slice: number,
): Promise<Trimmed> {
  const latest = await trim.latest(db)
  if (latest === 0) return { dropped: 0, bytes: 0 }
  const marks = await marksUntil(db, trim, latest, retention, now)
  const { bytes, from } = await newest(db, trim, marks, retention.maxBytes)
  const aged = marks.find(({ ts }) => ts <= now - retention.maxAgeMs)?.position ?? 0
  const counted = nthFromEnd(await outputEpochs.all(db), latest, retention.maxCount)
  const before = Math.min(latest, Math.max(counted, aged + 1, from))
  return await db.transaction().execute(async (tx) => {
    const { count, next } = await trim.drop(tx, before, slice)
    if (count > 0) await trim.moveFirst(tx, next)
    if (count > 0 && count < slice) await trim.dropMarks(tx, next - 1)
    return { dropped: count, bytes }
  })
}

/**
 * The marks, the latest first, and before them how far the log is now; that is noted when there is enough since the last.
 */
async function marksUntil(
  db: Db,
  trim: Tables['trim'],
  position: number,
  { maxAgeMs, maxBytes }: OutputRetention,
  now: number,
): Promise<readonly OutputMarksTable[]> {
  const marks = await trim.marks(db)
  const [last] = marks
  const mark = { position, ts: now, bytes: await trim.bytesAfter(db, last?.position ?? 0) }
  const isDue = now - (last?.ts ?? 0) >= maxAgeMs / MARKS || mark.bytes >= maxBytes / MARKS
  if (isDue && last?.position !== position) await trim.mark(db, mark)
  return [mark, ...marks]
}

/** From where on there are so many bytes at the most, and how many there are. */
async function newest(
  db: Db,
  trim: Tables['trim'],
  marks: readonly OutputMarksTable[],
  maxBytes: number,
): Promise<{ readonly from: number; readonly bytes: number }> {
  const first = await trim.first(db)
  let bytes = 0
  for (const [index, mark] of marks.entries()) {
    if (mark.position < first) break
    if (bytes + mark.bytes > maxBytes) {
      const after = Math.max(marks[index + 1]?.position ?? 0, first - 1)
      return { from: await trim.firstWithin(db, after, mark.position, maxBytes - bytes), bytes: maxBytes }
    }
    bytes += mark.bytes
  }
  return { from: 0, bytes }
}
