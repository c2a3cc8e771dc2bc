import { Client, type ClientConfig } from 'pg'
import type { Logger } from '@roomserver/types'
import { storeError } from '../../errors.ts'
import { newestMigration } from '../../migrations/index.ts'
import { clientsFor } from './client.ts'
import { type ConnectionPlace, connectionStringFault, parseConnectionString } from './connection-string.ts'
import type { PostgresOptions } from './pool.ts'
import { CONNECTION_NAME } from './schema.ts'
import type { SessionKind } from './session-kind.ts'

/**
 * Our queries are made for indexes, and their plans are kept per connection. A plan that was made while a table was
 * small reads it whole (`seqscan`, `hashjoin`, `mergejoin`) and goes on to until its statistics are renewed, which a
 * table that grows by thousands of rows a minute does not wait for. These settings leave the indexes as the way; a
 * query that has no index still reads its table. As there is one way, planning for each list of parameters anew, which
 * the server does where a list is shorter than it guessed, brings nothing and took most of its time.
 */
const PLANNER = {
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
  plan_cache_mode: 'force_generic_plan',
} as const

/** Tells whether settings arrive at the server; the name is of nobody else. */
const MARK = 'roomserver.direct'

const SETTINGS = Object.entries({ ...PLANNER, [MARK]: 'on' })
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(' ')

/** A process that hangs must not keep its locks for ever. */
const IDLE_IN_TRANSACTION_MS = 60_000

/** @throws {TypeError} when the connection string cannot be understood */
export function placeOf({ connectionString }: Pick<PostgresOptions, 'connectionString'>): ConnectionPlace {
  const place = parseConnectionString(connectionString)
  if (place === undefined)
    throw new TypeError(`the connection string: expected ${connectionStringFault(connectionString) ?? ''}`)
  return place
}

/** What a client is given to begin a session. Nothing is set for a session that others use as well. */
export function sessionConfig(place: ConnectionPlace, kind: SessionKind): ClientConfig {
  const [server = { host: 'localhost', port: 5432 }] = place.servers
  return {
    connectionString: place.url(server),
    keepAlive: true,
    application_name: `${CONNECTION_NAME}/${newestMigration}`,
    ...(kind === 'own'
      ? {
          idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
          options: place.options === '' ? SETTINGS : `${SETTINGS} ${place.options}`,
        }
      : place.options !== '' && { options: place.options }),
  }
}

/**
 * Finds out whether a connection pooler (PgBouncer and others) stands between this process and PostgreSQL: it refuses
 * the settings of a session, or they do not arrive. There, statements are not prepared, and nothing is set.
 *
 * @throws {RoomserverError} STORE_UNAVAILABLE when the database cannot be reached
 */
export async function sessionKind(options: PostgresOptions, log: Logger): Promise<SessionKind> {
  const place = placeOf(options)
  const kind = (await settingsArrive(place, options)) ? 'own' : 'pooled'
  if (kind === 'pooled')
    log.warn(
      { database: place.name, settings: PLANNER },
      "a connection pooler stands before PostgreSQL: statements are not prepared; give the role the settings, by 'alter role … set'",
    )
  return kind
}

async function settingsArrive(place: ConnectionPlace, options: PostgresOptions): Promise<boolean> {
  const OneClient = clientsFor(place)
  const client: Client = new OneClient({
    ...sessionConfig(place, 'own'),
    connectionTimeoutMillis: options.connectTimeoutMs ?? 30_000,
    query_timeout: options.connectTimeoutMs ?? 30_000,
  })
  try {
    await new Promise<void>((resolve, reject) =>
      client.connect((error: Error | null) =>
        error === null || error === undefined ? resolve() : reject(error),
      ),
    )
    const { rows } = await client.query<{ mark: string | null }>(
      `select current_setting('${MARK}', true) as mark`,
    )
    return rows[0]?.mark === 'on'
  } catch (error) {
    if (error instanceof Error && /unsupported startup parameter/i.test(error.message)) return false
    throw storeError(error)
  } finally {
    await client.end().catch(() => undefined)
  }
}
