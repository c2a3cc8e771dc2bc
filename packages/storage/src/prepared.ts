import { type Compilable, type CompiledQuery, type RawBuilder, sql } from 'kysely'
import type { Db } from './schema.ts'

/** Where a parameter goes in a query that is compiled once; values are given in the order of their places. */
export function slot<T>(): RawBuilder<T> {
  return sql<T>`${null}`
}

/** A query that was built and compiled once and runs many times with other parameters. */
export type Prepared<Row> = (db: Db, ...parameters: readonly unknown[]) => Promise<Row[]>

/** Compiles a query whose parameters are {@link slot}s (or {@link Dialect.among} lists) and nothing else. */
export function prepare<Row>(query: Compilable<Row> | CompiledQuery<Row>): Prepared<Row> {
  const compiled = 'compile' in query ? query.compile() : query
  return async (db, ...parameters) => (await db.executeQuery(withParameters(compiled, parameters))).rows
}

function withParameters<Row>(query: CompiledQuery<Row>, parameters: readonly unknown[]): CompiledQuery<Row> {
  if (parameters.length !== query.parameters.length) {
    throw new TypeError(
      `${query.parameters.length} parameters expected, ${parameters.length} given: ${query.sql}`,
    )
  }
  return { sql: query.sql, query: query.query, queryId: query.queryId, parameters }
}
