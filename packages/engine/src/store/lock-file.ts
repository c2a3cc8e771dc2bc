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
  try {
    writeFileSync(note, `${process.pid}\n`)
  } catch (error) {
    guard.close()
    throw error
  }
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
  let guard: DatabaseSync | undefined
  try {
    guard = new nodeSqlite.DatabaseSync(path, { timeout: 0 })
    guard.exec('pragma journal_mode = off; begin exclusive')
    return guard
  } catch (cause) {
    guard?.close()
    throw isHeld(cause) ? held(note, cause) : unlockable(path, cause)
  }
}

/** SQLite's BUSY. */
function isHeld(error: unknown): boolean {
  return error instanceof Error && Number(Reflect.get(error, 'errcode')) % 256 === 5
}

function held(note: string, cause: unknown): RoomserverError {
  const reason = `${holderIn(note)} is using it (${note})`
  const message = `the database can be used by one process only: ${reason}`
  return new RoomserverError('STORE_UNAVAILABLE', { reason }, message, { cause })
}

function unlockable(path: string, cause: unknown): RoomserverError {
  const reason = `${path}: ${cause instanceof Error ? cause.message : String(cause)}`
  return new RoomserverError('STORE_UNAVAILABLE', { reason }, `the database cannot be locked: ${reason}`, {
    cause,
  })
}

function holderIn(note: string): string {
  try {
    return `process ${Number.parseInt(readFileSync(note, 'utf8'), 10)}`
  } catch {
    return 'another process'
  }
}
