import { createHash } from 'node:crypto'
import { type Logger, silentLogger } from '@roomserver/types'
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import { Pool, type PoolClient, type QueryConfig, types } from 'pg'
import { isSpentConnection, storedNumber, storeError, unavailable } from '../../errors.ts'
import { StoreHealth } from '../../health.ts'
import { storable, stored } from '../../text.ts'
import type { PoolUse } from '../database.ts'
import { clientsFor } from './client.ts'
import { newerSchema } from './newer-schema.ts'
import type { SessionKind } from './session-kind.ts'
import { placeOf, sessionConfig } from './session.ts'
import { NewestTimeline, type Timeline, timelineOf } from './timeline.ts'

const INT8 = 20
const TEXT_OIDS = new Set([25, 1043])

/** Statements that get a name, and so are planned once a connection; the package's own are about a hundred. */
const MAX_NAMED = 500

/** A store in a PostgreSQL database, for any number of processes. */
export interface PostgresOptions {
  readonly dialect: 'postgres'
  /**
   * `postgresql://user:password@host:port/database`; several servers as `host1:port,host2:port`, of which the first is
   * used that can be, with `target_session_attrs=read-write` the first that takes writes.
   */
  readonly connectionString: string
  /** Connections at the most; 1 is enough for everything. */
  readonly maxConnections?: number
  /** How long a connection may stand idle before it is closed. */
  readonly idleTimeoutMs?: number
  /** How long a connection is used before another one takes its place; left out: as long as it lives. */
  readonly maxLifetimeSeconds?: number | undefined
  /** How long a caller waits for a connection. */
  readonly connectTimeoutMs?: number
  /** How long a statement may take before its connection is given up: the server may be out of reach. */
  readonly statementTimeoutMs?: number
}

interface OpenPool extends PostgresPool {
  readonly use: () => PoolUse
  /** From now on a new connection is not used where the schema is too new for this program. */
  readonly guardSchema: () => void
}

/** A connection that may be used, and what its server was then. */
interface KnownClient {
  readonly client: PostgresPoolClient
  readonly timeline: Timeline | undefined
}

/** A pool in the shape that Kysely wants; its clients name their statements and read 64-bit integers as numbers. */
export function openPool(
  options: PostgresOptions,
  log: Logger,
  health: StoreHealth,
  kind: SessionKind = 'own',
): OpenPool {
  const place = placeOf(options)
  const max = options.maxConnections ?? 10
  const timelines = new NewestTimeline()
  const pool = new Pool({
    ...sessionConfig(place, kind),
    max,
    idleTimeoutMillis: options.idleTimeoutMs ?? 60_000,
    maxLifetimeSeconds: options.maxLifetimeSeconds ?? 0,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 30_000,
    Client: clientsFor(place, timelines),
    types: { getTypeParser: parserFor },
  })
  pool.on('error', (error) => log.debug({ error: error.message }, 'lost an idle database connection'))
  const clients = new WeakMap<PoolClient, KnownClient>()
  const timeoutMs = options.statementTimeoutMs ?? 120_000
  // Where a pooler hands sessions on, the next transaction does not know what an earlier one prepared.
  const worded = kind === 'own' ? named : unnamed
  let isGuarded = false
  const reasonAgainst = async (
    client: PostgresPoolClient,
    timeline: Timeline | undefined,
  ): Promise<string | undefined> =>
    (timeline && timelines.see(timeline)) ?? (isGuarded ? await newerSchema(client) : undefined)
  const admit = async (client: PoolClient): Promise<PostgresPoolClient> => {
    // That the server answers this does not mean that the database can be used again.
    const asking = observedClient(client, new StoreHealth(place.name, silentLogger), timeoutMs, unnamed)
    try {
      // Behind a pooler, the server may be another one in the next transaction.
      const timeline = kind === 'own' ? await timelineOf((text) => asking.query(text, [])) : undefined
      const reason = await reasonAgainst(asking, timeline)
      if (reason !== undefined) fail(health, unavailable(new Error(reason)), true)
      const fresh = observedClient(client, health, timeoutMs, worded)
      clients.set(client, { client: fresh, timeline })
      return fresh
    } catch (error) {
      client.release(true)
      return fail(health, error)
    }
  }
  return {
    connect: async () => {
      for (;;) {
        const client = await pool.connect().catch((error: unknown) => fail(health, error))
        const known = clients.get(client)
        if (known === undefined) return await admit(client)
        if (known.timeline === undefined || timelines.see(known.timeline) === undefined) return known.client
        // Its server was replaced after the connection was made.
        client.release(true)
      }
    },
    end: () => pool.end(),
    options: {},
    guardSchema: () => {
      isGuarded = true
    },
    use: () => poolUse(pool, max),
  }
}

/** Callers get what is idle, or a new connection while there may be more, only in the next turns of the event loop. */
function poolUse({ totalCount, idleCount, waitingCount }: Pool, max: number): PoolUse {
  const handedOut = Math.min(idleCount, waitingCount)
  return {
    inUse: totalCount - idleCount + handedOut,
    idle: idleCount - handedOut,
    waiting: Math.max(0, waitingCount - handedOut - Math.max(0, max - totalCount)),
  }
}

function parserFor(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === INT8) return storedNumber
  if (TEXT_OIDS.has(oid)) return stored
  return format === 'binary' ? types.getTypeParser(oid, 'binary') : types.getTypeParser(oid)
}

function observedClient(
  client: PoolClient,
  health: StoreHealth,
  timeoutMs: number,
  worded: (text: string, parameters: readonly unknown[]) => QueryConfig,
): PostgresPoolClient {
  let isSpent = false
  const query = async (text: string, parameters: readonly unknown[]) => {
    // Ending a client in the middle of a statement cuts its connection, and that fails the statement.
    const timer = setTimeout(() => void client.end().catch(() => undefined), timeoutMs)
    try {
      const result = await client.query(worded(text, parameters))
      health.succeeded(WRITES.test(text))
      return result
    } catch (error) {
      isSpent ||= isSpentConnection(error)
      return fail(health, error)
    } finally {
      clearTimeout(timer)
    }
  }
  // The next connection may reach the server that took the place of one that takes no writes any more, and prepares anew.
  const release = (broken?: boolean) => client.release(broken === true || isSpent)
  return { query, release } as unknown as PostgresPoolClient
}

/** Statements that change something, the one that ends a transaction among them. */
const WRITES = /^\s*(?:commit|insert|update|delete|with)\b/i

const names = new Map<string, string>()

function unnamed(text: string, parameters: readonly unknown[]): QueryConfig {
  return parameters.length === 0 ? { text } : { text, values: parameters.map(input) }
}

function named(text: string, parameters: readonly unknown[]): QueryConfig {
  const query = unnamed(text, parameters)
  const name = parameters.length === 0 ? undefined : nameOf(text)
  return name === undefined ? query : { ...query, name }
}

function nameOf(text: string): string | undefined {
  const known = names.get(text)
  if (known !== undefined || names.size >= MAX_NAMED) return known
  const name = createHash('sha256').update(text).digest('base64url').slice(0, 16)
  names.set(text, name)
  return name
}

function input(value: unknown): unknown {
  if (typeof value === 'string') return storable(value)
  if (Array.isArray(value)) return value.map(input)
  return value instanceof Uint8Array && !Buffer.isBuffer(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : value
}

function fail(health: StoreHealth, error: unknown, isLasting = false): never {
  const named = storeError(error)
  health.failed(named, isLasting)
  throw named
}
