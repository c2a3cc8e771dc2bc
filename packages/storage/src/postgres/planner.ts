import { CompiledQuery, type DatabaseConnection } from 'kysely'

/**
 * Our queries are made for indexes, and their plans are kept per connection. A plan that was made while a table was
 * small reads it whole (`seqscan`, `hashjoin`, `mergejoin`) and goes on to until its statistics are renewed, which a
 * table that grows by thousands of rows a minute does not wait for. These settings leave the indexes as the way; a
 * query that has no index still reads its table.
 */
const SETTINGS = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'jit']

const STATEMENT = `select ${SETTINGS.map((name) => `set_config('${name}', 'off', false)`).join(', ')}`

/** Prepares a new connection for our queries. */
export async function setPlanner(connection: DatabaseConnection): Promise<void> {
  await connection.executeQuery(CompiledQuery.raw(STATEMENT))
}
