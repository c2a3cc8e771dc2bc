import { closeSync, existsSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { RoomserverError } from '@roomserver/types'

// Looked up and not imported: an older Node.js would fail at the import, before it can be told why.
const nodeSqlite = process.getBuiltinModule('node:sqlite')

/**
 * Keeps a database file for this process until it is disposed of, whatever path, mount or container others reach it by.
 * The lock is the operating system's, on the empty file `….guard` beside the database, and goes with the process. The
 * file `….lock` names the process for people. A database that is not there yet is made, for its owner alone.
 *
 * @throws {RoomserverError} STORE_UNAVAILABLE when another process holds it
 */
export function lockFile(database: string): Disposable {
  if (!existsSync(database)) makePrivately(database)
  const real = realpathSync(database)
  const note = `${real}.lock`
  const guard = holdGuard(`${real}.guard`, note)
  writeFileSync(note, `${process.pid}\n`)
  return {
    [Symbol.dispose]: () => {
      rmSync(note, { force: true })
      guard.close()
    },
  }
}

function makePrivately(database: string): void {
  if (!existsSync(dirname(database))) {
    const reason = `no folder ${dirname(database)} for the database; create it first`
    throw new RoomserverError('STORE_UNAVAILABLE', { reason }, reason)
  }
  closeSync(openSync(database, 'a', 0o600))
}

/** Node has no locks of files, but SQLite does: a transaction that writes nothing locks its file and leaves it empty. */
function holdGuard(path: string, note: string): DatabaseSync {
  const guard = new nodeSqlite.DatabaseSync(path, { timeout: 0 })
  try {
    guard.exec('pragma journal_mode = off; begin exclusive')
    return guard
  } catch (cause) {
    guard.close()
    const reason = `${holderIn(note)} is using it (${note})`
    throw new RoomserverError(
      'STORE_UNAVAILABLE',
      { reason },
      `the database can be used by one process only: ${reason}`,
      {
        cause,
      },
    )
  }
}

function holderIn(note: string): string {
  try {
    return `process ${Number.parseInt(readFileSync(note, 'utf8'), 10)}`
  } catch {
    return 'another process'
  }
}
