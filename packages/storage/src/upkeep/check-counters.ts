import type { Nids } from '@roomserver/types'
import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import type { Db } from '../schema.ts'

/** Where the NIDs of each kind are in use. */
const TABLES: Readonly<Record<keyof Nids, string>> = {
  room: 'rooms',
  event: 'events',
  eventType: 'event_types',
  stateKey: 'state_keys',
  snapshot: 'snapshots',
  block: 'blocks',
}

/** Tables whose rows are numbered as they are inserted, and the highest number in use. */
const NUMBERED = {
  // An epoch of the output log begins at a position that nothing may have before.
  outputs: sql`select max(position) as used from outputs
    union all select max(position) from delivered_outputs
    union all select max(first_position) - 1 from output_epochs`,
  inbox: sql`select max(position) as used from inbox`,
} as const satisfies Readonly<Record<string, RawBuilder<unknown>>>

/** A counter that would give numbers out which are in use. */
export interface CounterFinding {
  /** A kind of NIDs, or a table whose positions are counted by the database itself. */
  readonly kind: keyof Nids | keyof typeof NUMBERED
  readonly next: number
  /** What it should be at least. */
  readonly needed: number
}

/**
 * Checks that counters and identity columns give out numbers that nothing has. Copies that do not take sequences over
 * (logical replication, and upgrades by it) leave identity columns behind.
 */
export async function checkCounters(db: Db, dialect: Dialect): Promise<readonly CounterFinding[]> {
  const findings: CounterFinding[] = []
  for (const [kind, table] of Object.entries(TABLES) as [keyof Nids, string][]) {
    const { rows } = await sql<{ next: number | null; used: number | null }>`
      select (select max(next) from counters where kind = ${kind}) as next,
        (select max(nid) from ${sql.table(table)}) as used`.execute(db)
    findings.push({ kind, next: Number(rows[0]?.next ?? 0), needed: Number(rows[0]?.used ?? 0) + 1 })
  }
  for (const [kind, positions] of Object.entries(NUMBERED) as [
    keyof typeof NUMBERED,
    RawBuilder<unknown>,
  ][]) {
    const { rows } = await sql<{
      used: number | null
    }>`select max(used) as used from (${positions}) as numbers`.execute(db)
    const [sequence] = (await dialect.nextPosition(kind).execute(db)).rows
    findings.push({ kind, next: Number(sequence?.next ?? 0), needed: Number(rows[0]?.used ?? 0) + 1 })
  }
  return findings.filter(({ next, needed }) => next < needed)
}

/** Moves counters on to what a check found; one that is gone comes back. */
export async function repairCounters(
  db: Db,
  dialect: Dialect,
  findings: readonly CounterFinding[],
): Promise<void> {
  for (const { kind, needed } of findings) {
    if (kind in NUMBERED) {
      for (const statement of dialect.startPositions(kind, needed)) await statement.execute(db)
      continue
    }
    await sql`insert into counters (kind, next) values (${kind}, ${needed})
      on conflict (kind) do update set next = excluded.next where counters.next < excluded.next`.execute(db)
  }
}
