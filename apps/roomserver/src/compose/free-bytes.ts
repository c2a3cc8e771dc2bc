import { existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseConfig } from '../config/config.ts'

/** Free space on the disk of an embedded store; undefined: the database is not on a disk here. */
export function freeBytes(database: DatabaseConfig): number | undefined {
  if (database.kind !== 'sqlite' || database.file === ':memory:') return undefined
  const folder = dirname(database.file)
  if (!existsSync(folder)) return undefined
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}
