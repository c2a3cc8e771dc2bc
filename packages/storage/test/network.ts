import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A message of PostgreSQL's protocol. @see https://www.postgresql.org/docs/15/protocol-message-formats.html */
function message(type: string, body: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(length.length + body.length)
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body)])
}

/** The server waits for a statement (`I`: there is no transaction). */
const READY_FOR_QUERY = message('Z', 'I')

/** What the server says to a connection that it ends, as at `pg_terminate_backend` and at a fast shutdown. */
const GOODBYE = message(
  'E',
  ['S', 'FATAL\0', 'C', '57P01\0', 'M', 'terminating connection due to administrator command\0', '\0'].join(
    '',
  ),
)

/**
 * A network between the store and PostgreSQL in which everything can be lost, without a word to either side, or in which
 * the server's goodbye comes in the same packet as the end of the login, or that leads to another server.
 */
export async function network(url: string) {
  let target = new URL(url)
  const sockets = new Set<Socket>()
  let isCut = false
  let connections = 0
  let ended = 0
  const server = createServer((near) => {
    const isEnded = ++connections === ended
    const far = connect(Number(target.port), target.hostname)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk) => {
        const isLogin = from === far && chunk.subarray(-READY_FOR_QUERY.length).equals(READY_FOR_QUERY)
        if (isEnded && isLogin) to.end(Buffer.concat([chunk, GOODBYE]))
        else if (!isCut) to.write(chunk)
      })
      from.on('error', () => undefined)
      from.on('close', () => void (isCut || to.destroy()))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const through = new URL(url)
  if (typeof address === 'object' && address !== null) through.port = String(address.port)
  return {
    url: through.href,
    /** Has new connections reach another server. */
    lead: (to: string) => {
      target = new URL(to)
    },
    cut: (is: boolean) => {
      isCut = is
    },
    /** Ends all connections, and the nth of those that are made from now on, as soon as its login is over. */
    end: (nth: number) => {
      for (const socket of sockets) socket.destroy()
      sockets.clear()
      connections = 0
      ended = nth
    },
    /** Whether as many connections were made since then. */
    hasEnded: () => connections >= ended,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
