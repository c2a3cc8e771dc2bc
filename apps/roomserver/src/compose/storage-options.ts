import type { StorageOptions } from '@roomserver/storage'
import type { DatabaseConfig } from '../config/config.ts'

/** How a command opens a store beside a server that may be at work: without the lock that the server has. */
export function storageOptions(database: DatabaseConfig): StorageOptions {
  if (database.kind === 'sqlite') return { dialect: 'sqlite', file: database.file, mustExist: true }
  return { dialect: 'postgres', connectionString: database.url, maxConnections: 1 }
}

/** A statement that reads a large table from end to end takes hours on a slow disk. */
const PATIENCE_MS = 24 * 3_600_000

/** The same for a command whose statements read whole tables. */
export function patientStorageOptions(database: DatabaseConfig): StorageOptions {
  const options = storageOptions(database)
  return options.dialect === 'sqlite' ? options : { ...options, statementTimeoutMs: PATIENCE_MS }
}
