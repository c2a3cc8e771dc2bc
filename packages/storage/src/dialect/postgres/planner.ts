import { CompiledQuery, type DatabaseConnection } from 'kysely'

/**
 * Our queries are made for indexes, and their plans are kept per connection. A plan that was made while a table was
 * small reads it whole (`seqscan`, `hashjoin`, `mergejoin`) and goes on to until its statistics are renewed, which a
 * table that grows by thousands of rows a minute does not wait for. These settings leave the indexes as the way; a
 * query that has no index still reads its table. As there is one way, planning for each list of parameters anew, which
 * the server does where a list is shorter than it guessed, brings nothing and took most of its time.
 */
const SETTINGS: readonly (readonly [name: string, value: string])[] = [
  ['enable_seqscan', 'off'],
  ['enable_hashjoin', 'off'],
  ['enable_mergejoin', 'off'],
  ['jit', 'off'],
  ['plan_cache_mode', 'force_generic_plan'],
]

const STATEMENT = `select ${SETTINGS.map(([name, value]) => `set_config('${name}', '${value}', false)`).join(', ')}`

/** Prepares a new connection for our queries. */
export async function setPlanner(connection: DatabaseConnection): Promise<void> {
  await connection.executeQuery(CompiledQuery.raw(STATEMENT))
}
