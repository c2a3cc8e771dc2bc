import { sql } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import type { Db } from '../schema.ts'

/** What a database says about itself, as it says it. */
export interface DatabaseFacts {
  readonly dialect: Dialect['name']
  /** Of PostgreSQL: settings by their names, `version` as a number such as 150004, `now` in milliseconds since the epoch. */
  readonly values: Readonly<Record<string, string>>
}

export async function databaseFacts(db: Db, dialect: Dialect): Promise<DatabaseFacts> {
  const { rows } = await dialect.facts.execute(db)
  const values = rows.flatMap(({ name, value }) => (value === null ? [] : [[name, value] as const]))
  return { dialect: dialect.name, values: Object.fromEntries(values) }
}

/** Things that an operator has to look after, counted. */
export interface CareCounts {
  /** Asynchronous input that is not settled yet. */
  readonly inbox: number
  /** Outputs that wait, counted up to a limit. */
  readonly waitingOutputs: number
  /** Changes of states back to older events, in the journal. */
  readonly stateResets: number
  /** Events at states that other servers supplied and that are not verified. */
  readonly unverifiedStates: number
}

/** @param limit - up to which is counted */
export async function careCounts(db: Db, limit: number): Promise<CareCounts> {
  const count = async (rows: ReturnType<typeof sql>): Promise<number> => {
    const { rows: found } = await sql<{
      n: number
    }>`select count(*) as n from (${rows} limit ${limit}) as counted`.execute(db)
    return Number(found[0]?.n ?? 0)
  }
  return {
    inbox: await count(sql`select 1 from inbox`),
    waitingOutputs: await count(sql`select 1 from outputs`),
    stateResets: await count(sql`select 1 from journal where reset = 1`),
    unverifiedStates: await count(sql`select 1 from remote_states where verified = 0`),
  }
}
