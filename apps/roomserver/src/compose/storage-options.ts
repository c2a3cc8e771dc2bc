import type { StorageOptions } from '@roomserver/storage'
import type { DatabaseConfig } from '../config/config.ts'

/** How a command opens a store beside a server that may be at work: without the lock that the server has. */
export function storageOptions(database: DatabaseConfig): StorageOptions {
  if (database.kind === 'sqlite') return { dialect: 'sqlite', file: database.file, mustExist: true }
  return { dialect: 'postgres', connectionString: database.url, maxConnections: 1 }
}
