import type { Nids } from '@roomserver/types'
import { sql } from 'kysely'
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

/** A counter that would give NIDs out which are in use. */
export interface CounterFinding {
  readonly kind: keyof Nids
  readonly next: number
  /** What it should be at least. */
  readonly needed: number
}

/** Checks that the counters give out NIDs that nothing has. */
export async function checkCounters(db: Db): Promise<readonly CounterFinding[]> {
  const findings: CounterFinding[] = []
  for (const [kind, table] of Object.entries(TABLES) as [keyof Nids, string][]) {
    const { rows } = await sql<{ next: number | null; used: number | null }>`
      select (select max(next) from counters where kind = ${kind}) as next,
        (select max(nid) from ${sql.table(table)}) as used`.execute(db)
    const next = Number(rows[0]?.next ?? 0)
    const needed = Number(rows[0]?.used ?? 0) + 1
    if (next < needed) findings.push({ kind, next, needed })
  }
  return findings
}

/** Moves counters on to what a check found; one that is gone comes back. */
export async function repairCounters(db: Db, findings: readonly CounterFinding[]): Promise<void> {
  for (const { kind, needed } of findings) {
    await sql`insert into counters (kind, next) values (${kind}, ${needed})
      on conflict (kind) do update set next = excluded.next where counters.next < excluded.next`.execute(db)
  }
}
