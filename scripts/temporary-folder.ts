import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Puts all temporary files of this process and its children into one folder, which goes when the process ends. Where a signal ended
 * it, the next one removes the folder.
 */
export function useOwnTemporaryFolder(parent = tmpdir()): void {
  removeAbandoned(parent)
  const folder = mkdtempSync(join(parent, `roomserver-tests-${process.pid}-`))
  // PostgreSQL runs as another user when the tests run as root, and has to get through.
  chmodSync(folder, 0o755)
  process.env['TMPDIR'] = folder
  // What one of the many processes has compiled, and stripped of its types, the next one need not.
  process.env['NODE_COMPILE_CACHE'] ??= join(folder, 'compile-cache')
  process.on('exit', () => remove(folder))
}

function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const [, pid] = /^roomserver-tests-(\d+)-/.exec(name) ?? []
    if (pid === undefined || isRunning(Number(pid))) continue
    try {
      remove(join(parent, name))
    } catch {
      // Another user's.
    }
  }
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}

/** Another user's process cannot be signalled, but runs. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

const IN_MEMORY = '/dev/shm'
/** Several times what the files of all tests take. */
const ROOM_BYTES = 4 * 1024 ** 3

/**
 * The parent of a folder for many small files that are forced to the disk again and again: in memory where there is room, unless
 * `TMPDIR` says otherwise. A container may have little memory there, or let no programs run there.
 */
export function quickParent(): string {
  if (process.env['TMPDIR'] !== undefined) return tmpdir()
  try {
    const mounts = readFileSync('/proc/mounts', 'utf8').split('\n')
    const options = mounts.map((line) => line.split(' ')).find(([, place]) => place === IN_MEMORY)?.[3]
    const { bavail, bsize } = statfsSync(IN_MEMORY)
    const isUsable = options !== undefined && !options.split(',').includes('noexec')
    return isUsable && Math.min(bavail * bsize, process.availableMemory()) >= ROOM_BYTES
      ? IN_MEMORY
      : tmpdir()
  } catch {
    return tmpdir()
  }
}
