import { once } from 'node:events'
import { createServer } from 'node:net'
import type { ListenConfig } from '../config/config.ts'
import { prepareSocketPath } from './socket-path.ts'

/**
 * Finds out whether the server can listen where it should, before the database is opened, migrated and warmed up for nothing.
 *
 * @throws what `listen` does when the address cannot be used; {RoomserverError} BAD_CONFIGURATION for the path of a socket
 */
export async function refuseUnusableAddress(listen: ListenConfig): Promise<void> {
  if (listen.kind === 'unix') return await prepareSocketPath(listen.path)
  if (listen.port === 0) return
  const server = createServer()
  server.listen({ host: listen.host, port: listen.port })
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}
