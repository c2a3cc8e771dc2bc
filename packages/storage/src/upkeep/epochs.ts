import { randomBytes, randomInt } from 'node:crypto'
import type { LogBounds } from '@roomserver/types'
import type { Db } from '../schema.ts'
import type { OutputEpoch } from '../tables/output-epochs.ts'
import type { Tables } from '../tables/tables.ts'

/**
 * How far the positions of a new epoch are from those before, at the most. The distance is random, so that a reader whose
 * position was lost by a restore is not taken for one of the new epoch: a restored database begins elsewhere than the one
 * whose place it takes did.
 */
const FARTHEST = 2 ** 32
/** Room for positions that other processes have taken and not committed yet. */
const NEAREST = 2 ** 16

/**
 * Begins an epoch of the output log: outputs from now on have positions and IDs that none had before, also none that is
 * lost.
 *
 * @param now - milliseconds since the epoch
 */
export async function beginEpoch(
  db: Db,
  { outputEpochs, trim }: Tables,
  reason: string,
  now: number,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const epochs = await outputEpochs.all(tx)
    const kept = await trim.first(tx)
    for (const [index, { firstPosition }] of epochs.entries()) {
      const next = epochs[index + 1]
      if (next !== undefined && next.lastBefore + 1 < kept) await outputEpochs.remove(tx, firstPosition)
    }
    const lastBefore = await outputEpochs.lastPosition(tx)
    const highest = Math.max(lastBefore, epochs.at(-1)?.firstPosition ?? 0)
    const first = highest + randomInt(NEAREST, FARTHEST)
    const name = randomBytes(6).toString('hex')
    await outputEpochs.add(tx, {
      first_position: first,
      last_before: lastBefore,
      began_ts: now,
      name,
      reason,
    })
    await outputEpochs.startPositions(tx, first)
  })
}

/** Begins an epoch for a process that serves the log by position; the first that ever does goes on with the first epoch. */
export async function beginEpochOfProcess(db: Db, tables: Tables, now: number): Promise<void> {
  if (await tables.outputEpochs.useFirst(db, now)) return
  await beginEpoch(db, tables, 'start', now)
}

/** Position of the last output of the log, also where none is kept; 0: there was none yet. */
export async function lastPosition(db: Db, { trim }: Tables): Promise<number> {
  return Math.max(await trim.latest(db), (await trim.first(db)) - 1)
}

/** @param after - the position of a reader */
export async function logBounds(db: Db, tables: Tables, after: number): Promise<LogBounds> {
  const epochs = await tables.outputEpochs.all(db)
  const [first, last] = [await tables.trim.first(db), await lastPosition(db, tables)]
  const next = epochs.find(({ firstPosition }) => firstPosition > after)
  return { first, last, isKnown: after <= (next?.lastBefore ?? last) }
}

/** The position of the nth output from the end, as if none of an epoch had been left out; 1 where there are fewer. */
export function nthFromEnd(epochs: readonly OutputEpoch[], last: number, count: number): number {
  let left = count
  let end = last
  for (const { firstPosition, lastBefore } of epochs.toReversed()) {
    if (firstPosition > end) continue
    const there = end - firstPosition + 1
    if (there >= left) return end - left + 1
    left -= there
    end = lastBefore
  }
  return 1
}
