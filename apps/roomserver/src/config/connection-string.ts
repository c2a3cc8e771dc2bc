import { resolve } from 'node:path'
import { connectionStringFault as postgresFault } from '@roomserver/storage'
import type { z } from 'zod'
import type { DatabaseConfig } from './config.ts'
import type { databaseSection } from './sections.ts'

type Section = z.output<typeof databaseSection>

/** The database section, as far as it was given. */
export type Pool = { readonly [Key in keyof Section]?: Section[Key] | undefined }

/** A connection string in Dendrite's notation: `file:NAME` is SQLite, everything else PostgreSQL. */
export function databaseConfig(connectionString: string, pool: Pool): DatabaseConfig {
  if (connectionString.startsWith('file:')) return { kind: 'sqlite', file: sqliteFile(connectionString) }
  const lifetimeSeconds = pool.conn_max_lifetime ?? -1
  return {
    kind: 'postgres',
    url: connectionString,
    maxConnections: connectionLimit(pool.max_open_conns),
    maxLifetimeSeconds: lifetimeSeconds > 0 ? lifetimeSeconds : undefined,
  }
}

/**
 * Says what is expected in place of a connection string that would be read otherwise than it was meant. PostgreSQL: a
 * `/`, `#`, `?` or `@` of a password ends it, and what follows becomes host, port or database. SQLite: a file in a folder
 * of the root is meant by nobody who writes `file://rooms.db`, and a folder cannot be opened.
 */
export function connectionStringFault(connectionString: string): string | undefined {
  if (connectionString === '') return undefined
  if (!connectionString.startsWith('file:')) return postgresFault(connectionString)
  const isFile = !/^file:(?:\/\/(?!\/)|\?|(?:[^?]*\/)?\.{0,2}(?:\?|$))/.test(connectionString)
  return isFile ? undefined : SQLITE_FORM
}

const SQLITE_FORM = 'the path of a file, as file:name.db, file:/path/name.db or file:///path/name.db'

/** `file:name.db`, `file:/path/name.db`, `file:///path/name.db`, with or without `?parameters`. */
function sqliteFile(connectionString: string): string {
  const path = connectionString.slice('file:'.length).replace(/\?.*$/, '')
  return path === ':memory:' ? path : resolve(path.replace(/^\/\/(?=\/)/, ''))
}

/** Dendrite reads 0 as "the default" and a negative number as "no limit". Nobody needs more than a hundred. */
function connectionLimit(configured = 0): number {
  if (configured === 0) return 10
  return configured < 0 ? 100 : configured
}
