import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDatabase, startNats, startPostgres } from '@roomserver/testing'
import type { Components } from './components.ts'
import { type Homeserver, startHomeserver } from './homeserver.ts'
import { accepts, ProcessGroup } from './process-group.ts'

/** Two homeservers that federate over loopback. */
export interface Polyliths extends AsyncDisposable {
  readonly servers: readonly [Homeserver, Homeserver]
  /** Connection string of the first homeserver's room server database. */
  readonly database: string
  /** Where the programs' logs are. */
  readonly logs: string
}

const STORES = [
  'roomserver',
  'appservice',
  'federationapi',
  'keyserver',
  'mediaapi',
  'mscs',
  'syncapi',
  'userapi',
]

/**
 * Starts PostgreSQL, a nats-server each, and two homeservers of the reference's components.
 *
 * @param portPrefix - see {@link freePortPrefix}; server names hold ports, so drives that are compared use the same
 * @param roomserver - a command that takes the place of the first one's room server; the reference's own when left out
 */
export async function startPolyliths(
  components: Components,
  portPrefix: number,
  roomserver?: readonly string[],
): Promise<Polyliths> {
  const owned = new AsyncDisposableStack()
  try {
    const folder = await mkdtemp(join(tmpdir(), 'roomserver-interop-'))
    owned.defer(() => rm(folder, { recursive: true, force: true }))
    const postgres = owned.use(await startPostgres({ durable: false, settings: { max_connections: 1000 } }))
    const processes = owned.use(new ProcessGroup(folder))
    const start = async (number: 1 | 2, command?: readonly string[]) => {
      const databases = new Map<string, string>()
      for (const store of STORES) databases.set(store, (await createDatabase(postgres.url)).url)
      const nats = owned.use(await startNats())
      const options = {
        name: `InteropHs${number}`,
        portPrefix: portPrefix + number,
        folder: join(folder, `hs${number}`),
        components,
        database: (store: string) => `${databases.get(store) ?? ''}?sslmode=disable`,
        natsUrl: nats.url,
        ...(command === undefined ? {} : { roomserver: command }),
      }
      return {
        server: await startHomeserver(options, processes, owned),
        database: options.database('roomserver'),
      }
    }
    const first = await start(1, roomserver)
    const second = await start(2)
    return {
      servers: [first.server, second.server],
      database: first.database,
      logs: folder,
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    }
  } catch (error) {
    await owned.disposeAsync()
    throw error
  }
}

/** A number of which nobody uses the ports that homeservers take: this number plus 1 or 2, followed by two digits. */
export async function freePortPrefix(): Promise<number> {
  for (let prefix = 180; prefix < 320; prefix += 2) {
    const ports = [1, 2].flatMap((server) => PORTS.map((port) => (prefix + server) * 100 + port))
    const taken = await Promise.all(ports.map(accepts))
    if (!taken.includes(true)) return prefix
  }
  throw new Error('no free ports for two homeservers')
}

const PORTS = [61, 62, 63, 64, 70, 71, 72, 73, 74, 77, 79, 80, 81, 88]
