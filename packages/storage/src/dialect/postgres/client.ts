import { Client, type ClientConfig } from 'pg'
import { unavailable } from '../../errors.ts'
import type { ConnectionPlace, ServerAddress } from './connection-string.ts'
import { NewestTimeline, timelineOf } from './timeline.ts'

type Connected = ((error: Error) => void) | ((error: null, client: Client) => void)

/** How long one of several servers may take to let us in before the next is tried. */
const SERVER_TIMEOUT_MS = 5_000

/**
 * The clients of a pool. They hang up when they could not log in, where the driver would keep the process until the server
 * hangs up; and where a connection string names several servers, they connect to the first that can be used now. Losing
 * the connection fails their next statement, and nothing else.
 */
export function clientsFor(place: ConnectionPlace, timelines = new NewestTimeline()): typeof Client {
  const isChoosing = place.servers.length > 1 || place.needsPrimary
  let choosing: Promise<ServerAddress> | undefined
  const choose = () => (choosing ??= usableServer(place, timelines).finally(() => (choosing = undefined)))

  return class extends Client {
    constructor(config?: string | ClientConfig) {
      super(config)
      // The driver emits `error` for a connection that ends between two statements, also in the moment in which the pool
      // hands it out. Node.js ends a process in which nobody listens.
      this.on('error', () => undefined)
    }

    override connect(): Promise<Client>
    override connect(callback: Connected): void
    override connect(callback?: Connected): Promise<Client> | void {
      if (callback === undefined) return super.connect()
      const answer = callback as (error: Error | null, client: Client) => void
      const connect = () =>
        super.connect((error: Error) => {
          if (error instanceof Error) void this.end().catch(() => undefined)
          answer(error, this)
        })
      if (!isChoosing) return connect()
      choose().then(
        (server) => {
          Object.assign(this, server)
          connect()
        },
        (error: unknown) => answer(error instanceof Error ? error : new Error(String(error)), this),
      )
    }
  }
}

/** @throws {RoomserverError} STORE_UNAVAILABLE when no server can be used, with the reason of each */
async function usableServer(place: ConnectionPlace, timelines: NewestTimeline): Promise<ServerAddress> {
  const reasons: string[] = []
  for (const server of place.servers) {
    const reason = await reasonAgainst(place, server, timelines)
    if (reason === undefined) return server
    reasons.push(`${server.host}:${server.port}: ${reason}`)
  }
  throw unavailable(new Error(`no server can be used (${reasons.join('; ')})`))
}

async function reasonAgainst(
  place: ConnectionPlace,
  server: ServerAddress,
  timelines: NewestTimeline,
): Promise<string | undefined> {
  const config: ClientConfig = {
    connectionString: place.url(server),
    connectionTimeoutMillis: SERVER_TIMEOUT_MS,
    query_timeout: SERVER_TIMEOUT_MS,
  }
  const client = new Client(config)
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ transaction_read_only: string }>('show transaction_read_only')
    const isReadOnly = rows[0]?.transaction_read_only !== 'off'
    if (place.needsPrimary && isReadOnly) return 'takes no writes'
    const timeline = await timelineOf((statement) => client.query(statement))
    return timeline && timelines.see(timeline)
  } catch (error) {
    return error instanceof Error && error.message !== ''
      ? error.message
      : String(Reflect.get(Object(error), 'code'))
  } finally {
    await client.end().catch(() => undefined)
  }
}
