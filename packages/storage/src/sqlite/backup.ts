import { access, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { backup, type DatabaseSync } from 'node:sqlite'
import { RoomserverError } from '@roomserver/types'

/** Pages copied at a time: the process serves others in between. */
const PAGES = 500
const ALL_PAGES = 2 ** 31 - 1

export interface BackupOptions {
  /**
   * Copies everything at once, with nothing else going on in this process. Needed where another process writes: each
   * of its commits makes a copy in portions start again.
   */
  readonly isAtOnce?: boolean
}

/** Copies a store into a new file. */
export type Backup = (file: string, options?: BackupOptions) => Promise<void>

/**
 * Copies a database into a new file while it is in use. The copy gets its name only when it is whole and on the disk,
 * so an interrupted one is never taken for a backup.
 *
 * @throws {RoomserverError} BAD_REQUEST when the file exists already
 */
export async function backupSqlite(
  database: DatabaseSync,
  file: string,
  { isAtOnce = false }: BackupOptions = {},
): Promise<void> {
  await refuseExisting(file)
  const partial = `${file}.partial`
  await rm(partial, { force: true })
  try {
    await backup(database, partial, { rate: isAtOnce ? ALL_PAGES : PAGES })
    await sync(partial)
    await rename(partial, file)
    await sync(dirname(file))
  } finally {
    await rm(partial, { force: true })
  }
}

async function refuseExisting(file: string): Promise<void> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  )
  if (!isThere) return
  const message = `${file} exists already; a backup does not overwrite anything`
  throw new RoomserverError(
    'BAD_REQUEST',
    { path: 'backup', expected: 'a file that does not exist' },
    message,
  )
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
