import { createHash } from 'node:crypto'
import type { Logger } from '@roomserver/types'
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import { Client, Pool, type PoolClient, type QueryConfig, types } from 'pg'
import { storeError } from '../../errors.ts'
import type { StoreHealth } from '../../health.ts'
import { storable, stored } from '../../text.ts'

const INT8 = 20
const TEXT_OIDS = new Set([25, 1043])

/** Statements that get a name, and so are planned once a connection; the package's own are about a hundred. */
const MAX_NAMED = 500

/** A store in a PostgreSQL database, for any number of processes. */
export interface PostgresOptions {
  readonly dialect: 'postgres'
  /** `postgresql://user:password@host:port/database` */
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

/** A client that hangs up when it could not log in; the driver would keep the process until the server hangs up. */
class HangingUpClient extends Client {
  override connect(): Promise<Client>
  override connect(callback: Connected): void
  override connect(callback?: Connected): Promise<Client> | void {
    if (callback === undefined) return super.connect()
    super.connect((error: Error) => {
      if (error instanceof Error) void this.end().catch(() => undefined)
      const answer = callback as (error: Error, client: Client) => void
      answer(error, this)
    })
  }
}

type Connected = ((error: Error) => void) | ((error: null, client: Client) => void)

/** A pool in the shape that Kysely wants; its clients name their statements and read 64-bit integers as numbers. */
export function openPool(options: PostgresOptions, log: Logger, health: StoreHealth): PostgresPool {
  const pool = new Pool({
    connectionString: options.connectionString,
    max: options.maxConnections ?? 10,
    idleTimeoutMillis: options.idleTimeoutMs ?? 60_000,
    maxLifetimeSeconds: options.maxLifetimeSeconds ?? 0,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 30_000,
    // A process that hangs must not keep its locks for ever.
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
    application_name: 'roomserver',
    Client: HangingUpClient,
    types: { getTypeParser: parserFor },
  })
  pool.on('error', (error) => log.debug({ error: error.message }, 'lost an idle database connection'))
  const clients = new WeakMap<PoolClient, PostgresPoolClient>()
  return {
    connect: async () => {
      const client = await pool.connect().catch((error: unknown) => fail(health, error))
      const known = clients.get(client) ?? namingClient(client, health, options.statementTimeoutMs ?? 120_000)
      clients.set(client, known)
      return known
    },
    end: () => pool.end(),
    options: {},
  }
}

function parserFor(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === INT8) return Number
  if (TEXT_OIDS.has(oid)) return stored
  return format === 'binary' ? types.getTypeParser(oid, 'binary') : types.getTypeParser(oid)
}

function namingClient(client: PoolClient, health: StoreHealth, timeoutMs: number): PostgresPoolClient {
  // A connection that breaks fails its query as well, which is where it is reported.
  client.on('error', () => undefined)
  const query = async (text: string, parameters: readonly unknown[]) => {
    // Ending a client in the middle of a statement cuts its connection, and that fails the statement.
    const timer = setTimeout(() => void client.end().catch(() => undefined), timeoutMs)
    try {
      const result = await client.query(statement(text, parameters))
      health.succeeded(WRITES.test(text))
      return result
    } catch (error) {
      return fail(health, error)
    } finally {
      clearTimeout(timer)
    }
  }
  return { query, release: (broken?: boolean) => client.release(broken) } as unknown as PostgresPoolClient
}

/** Statements that change something, the one that ends a transaction among them. */
const WRITES = /^\s*(?:commit|insert|update|delete|with)\b/i

const names = new Map<string, string>()

function statement(text: string, parameters: readonly unknown[]): QueryConfig {
  if (parameters.length === 0) return { text }
  const values = parameters.map(input)
  const name = nameOf(text)
  return name === undefined ? { text, values } : { name, text, values }
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

function fail(health: StoreHealth, error: unknown): never {
  const named = storeError(error)
  health.failed(named)
  throw named
}
