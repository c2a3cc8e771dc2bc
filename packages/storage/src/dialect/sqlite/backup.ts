import { access, chmod, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RoomserverError } from '@roomserver/types'
import { storeError } from '../../errors.ts'
import { nodeSqlite } from './node-sqlite.ts'

/** Everything at once: a copy in portions starts again after each commit of another connection. */
const ALL_PAGES = 2 ** 31 - 1

/**
 * Copies a database into a new file while it is in use, by a connection of its own, outside the main thread. The copy
 * gets its name only when it is whole and on the disk, so an interrupted one is never taken for a backup.
 *
 * @throws {RoomserverError} BAD_REQUEST when the file exists already or cannot be made; STORE_UNAVAILABLE when the disk is full;
 *   STORE_DAMAGED
 */
export async function backupSqlite(database: string, file: string): Promise<void> {
  await refuseExisting(file)
  await refuseMissingFolder(dirname(file))
  const partial = `${file}.partial`
  await rm(partial, { force: true })
  const source = new nodeSqlite.DatabaseSync(database, { readOnly: true })
  try {
    await nodeSqlite.backup(source, partial, { rate: ALL_PAGES }).catch((error: unknown) => {
      throw cannotBeMade(error)
        ? refused(file, 'a file that can be made', 'cannot be made there')
        : storeError(error)
    })
    // It holds what the store holds, which only its owner may read.
    await chmod(partial, 0o600)
    await sync(partial)
    await rename(partial, file)
    await sync(dirname(file))
  } finally {
    source.close()
    await rm(partial, { force: true })
  }
}

async function refuseExisting(file: string): Promise<void> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  )
  if (!isThere) return
  throw refused(file, 'a file that does not exist', 'already exists; a backup does not overwrite files')
}

async function refuseMissingFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined)
  if (found?.isDirectory() === true) return
  throw refused(folder, 'a folder that exists', 'is not a folder; make it first')
}

/** SQLite's CANTOPEN: the source is open by then. */
function cannotBeMade(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'errcode') === 14
}

function refused(path: string, expected: string, why: string): RoomserverError {
  return new RoomserverError('BAD_REQUEST', { path: 'backup', expected }, `${path} ${why}`)
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
