import { Client } from 'pg'

/** What a PostgreSQL is at the moment. */
export interface ServerState {
  readonly isStandby: boolean
  /** Of a standby: the one that it receives, or undefined. */
  readonly timeline: number | undefined
}

const STATE = `select pg_is_in_recovery() as standby, case when pg_is_in_recovery()
  then (select received_tli::text from pg_stat_wal_receiver)
  else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int::text end as timeline`

/** @returns undefined where nobody answers */
export async function serverState(port: number, timeoutMs = 5_000): Promise<ServerState | undefined> {
  const client = new Client({
    connectionString: `postgresql://postgres@127.0.0.1:${port}/postgres`,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ standby: boolean; timeline: string | null }>(STATE)
    const [row] = rows
    if (row === undefined) return undefined
    return {
      isStandby: row.standby,
      timeline: row.timeline === null ? undefined : Number(row.timeline),
    }
  } catch {
    return undefined
  } finally {
    void client.end().catch(() => undefined)
  }
}
