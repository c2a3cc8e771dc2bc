import { rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { RoomserverError } from '@roomserver/types'

/** What the address of a Unix socket can hold on every system (108 bytes on Linux, 104 on macOS, with the NUL behind it). */
const LONGEST_PATH = 103

/**
 * Prepares the path of a unix socket to be listened on: its folder is there, and the socket that a killed process left
 * behind is removed. One that somebody listens on stays, and listening fails.
 *
 * @throws {RoomserverError} BAD_CONFIGURATION when there is no folder for it, something else than a socket is there, or
 * it is too long
 */
export async function prepareSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > LONGEST_PATH) throw unusable(`a path of at most ${LONGEST_PATH} bytes`)
  const folder = statSync(dirname(path), { throwIfNoEntry: false })
  if (folder?.isDirectory() !== true)
    throw unusable(`a path in a folder that exists, not in ${dirname(path)}`)
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isSocket()) throw unusable(`the path of a socket; ${path} is something else`)
  if (!(await isAnswered(path))) rmSync(path)
}

function unusable(expected: string): RoomserverError {
  return new RoomserverError(
    'BAD_CONFIGURATION',
    { key: 'roomserver.unix_socket', expected },
    `roomserver.unix_socket: expected ${expected}`,
  )
}

function isAnswered(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(path)
  socket.once('connect', () => resolve(true))
  // Only a refusal says that nobody listens; a queue that is full does not.
  socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
  return promise.finally(() => socket.destroy())
}
