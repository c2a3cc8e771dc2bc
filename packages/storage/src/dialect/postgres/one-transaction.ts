import type { PostgresPool, PostgresPoolClient } from 'kysely'

/** What Kysely says at the ends of a transaction. Inside the one that never ends it goes for nothing. */
const ENDS = new Set(['begin', 'commit', 'rollback'])

/** Makes temporary tables, and hides all others. */
const ONLY_TEMPORARY = 'set local search_path to pg_temp'

/**
 * Wraps a pool so that each of its connections is one transaction over temporary tables, which ends with the connection
 * and is never committed: whatever stands between this process and the server, nothing is kept and no other table seen.
 */
export function inOneTransaction(pool: PostgresPool): PostgresPool {
  const begun = new WeakMap<PostgresPoolClient, PostgresPoolClient>()
  return {
    connect: async () => {
      const client = await pool.connect()
      const known = begun.get(client)
      if (known !== undefined) return known
      await begin(client)
      const bound = withoutEnds(client)
      begun.set(client, bound)
      return bound
    },
    end: () => pool.end(),
    options: pool.options,
  }
}

async function begin(client: PostgresPoolClient): Promise<void> {
  try {
    await client.query('begin', [])
    await client.query(ONLY_TEMPORARY, [])
  } catch (error) {
    client.release(true)
    throw error
  }
}

function withoutEnds(client: PostgresPoolClient): PostgresPoolClient {
  const query = async (text: string, parameters: readonly unknown[]) =>
    ENDS.has(text) ? { command: 'COMMIT', rowCount: 0, rows: [] } : client.query(text, parameters)
  const release = (broken?: boolean) => client.release(broken)
  return { query, release } as unknown as PostgresPoolClient
}
