import { type CommitResult, isFailure, type WriteSet } from '@roomserver/types'
import { isTransient, unavailable } from '../errors.ts'
import type { Db } from '../schema.ts'
import { commitAtOnce } from './at-once.ts'
import { type Conflict, Conflicts, writeAll } from './write.ts'
import type { Tables } from '../tables/tables.ts'

const ATTEMPTS = 5

/**
 * Stores write sets of different rooms in one transaction. Those that meet a conflict are taken out and the others go
 * on; when the transaction fails, each is tried alone, so that the one that is at fault fails alone.
 */
export async function commit(
  db: Db,
  tables: Tables,
  writeSets: readonly WriteSet[],
): Promise<readonly CommitResult[]> {
  const results = new Map<WriteSet, CommitResult>()
  await commitGroup(db, tables, writeSets, results)
  return writeSets.map(
    (set) => results.get(set) ?? { kind: 'failed', error: new Error('the write set was not committed') },
  )
}

async function commitGroup(
  db: Db,
  tables: Tables,
  group: readonly WriteSet[],
  results: Map<WriteSet, CommitResult>,
): Promise<void> {
  try {
    const conflicts = await attempt(db, tables, group)
    for (const set of group) results.set(set, resultOf(set, conflicts.get(set)))
  } catch (error) {
    if (group.length < 2) for (const set of group) results.set(set, { kind: 'failed', error })
    else for (const set of group) await commitGroup(db, tables, [set], results)
  }
}

/** Runs the transaction until it is through without those that conflict. */
async function attempt(
  db: Db,
  tables: Tables,
  group: readonly WriteSet[],
): Promise<ReadonlyMap<WriteSet, Conflict>> {
  const conflicts = new Map<WriteSet, Conflict>()
  if (await isStoredAtOnce(db, tables, group)) return conflicts
  let failures = 0
  for (;;) {
    const live = group.filter((set) => !conflicts.has(set))
    if (live.length === 0) return conflicts
    try {
      const found = await db.transaction().execute((tx) => writeAll(tx, tables, live))
      for (const [set, over] of found) conflicts.set(set, over)
      return conflicts
    } catch (error) {
      if (error instanceof Conflicts) for (const [set, over] of error.found) conflicts.set(set, over)
      else if (!isTransient(error)) throw error
      else if (++failures >= ATTEMPTS) throw unavailable(error)
    }
  }
}

/** Tries the short way, where the dialect has one; why it fails is for the long way to find out. */
async function isStoredAtOnce(db: Db, tables: Tables, group: readonly WriteSet[]): Promise<boolean> {
  if (!tables.dialect.savesRoundTrips || group.length === 0) return false
  try {
    return await commitAtOnce(db, tables, group)
  } catch (error) {
    if (isFailure(error, 'STORE_UNAVAILABLE')) throw error
    return false
  }
}

function resultOf(set: WriteSet, conflict: Conflict | undefined): CommitResult {
  if (conflict !== undefined) return { kind: 'conflict', over: conflict }
  return { kind: 'committed', revision: set.room.revision + 1 }
}
