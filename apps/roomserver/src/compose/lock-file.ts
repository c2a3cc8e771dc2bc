import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { RoomserverError } from '@roomserver/types'

/**
 * Says with a file that this process works on something, until it is disposed of. What a killed process left behind
 * is taken over.
 *
 * @throws {RoomserverError} STORE_UNAVAILABLE when another living process holds it
 */
export function lockFile(path: string): Disposable {
  const holder = holderOf(path)
  if (holder !== undefined) {
    const reason = `process ${holder} uses it already (${path})`
    throw new RoomserverError('STORE_UNAVAILABLE', { reason }, `the database is for one process: ${reason}`)
  }
  rmSync(path, { force: true })
  writeFileSync(path, `${process.pid}\n`, { flag: 'wx' })
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) }
}

function holderOf(path: string): number | undefined {
  let pid: number
  try {
    pid = Number.parseInt(readFileSync(path, 'utf8'), 10)
  } catch {
    return undefined
  }
  // In a container the process before may have had the same number.
  return pid > 0 && pid !== process.pid && isAlive(pid) ? pid : undefined
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
