import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDatabase, startNats, startPostgres } from '@roomserver/testing'
import type { ReferencePrograms } from './reference-programs.ts'
import { type Homeserver, type Homeservers, startHomeserver } from './homeserver.ts'
import { accepts, ProcessGroup } from './process-group.ts'
import { componentArguments } from './reference-configuration.ts'

/** Homeservers that federate over loopback. */
export interface Polyliths extends AsyncDisposable {
  readonly servers: Homeservers
  /** Connection string of the first homeserver's room server database. */
  readonly database: string
  /** Where the programs' logs are. */
  readonly logs: string
  /** A database of its own on the same PostgreSQL. */
  freshDatabase(): Promise<string>
  /** Stops the first homeserver's room server and starts another one in its place, on another database. */
  replaceRoomserver(command: readonly string[], database: string): Promise<void>
  /** Stops what took its place and starts the reference's room server again, on its own database. */
  restoreRoomserver(): Promise<void>
}

/** Names of the homeservers' processes and message subjects begin so. */
const NAME = 'InteropHs'

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
 * Starts PostgreSQL, a nats-server each, and homeservers of the reference's components: two, or one for each recording.
 *
 * @param portPrefix - see {@link freePortPrefix}; server names hold ports, so drives that are compared use the same
 * @param roomserver - a command that takes the place of the first one's room server; the reference's own when left out
 * @param recordings - files that take what the room servers are given and say
 */
export async function startPolyliths(
  programs: ReferencePrograms,
  portPrefix: number,
  roomserver?: readonly string[],
  recordings?: readonly string[],
): Promise<Polyliths> {
  const owned = new AsyncDisposableStack()
  try {
    const folder = await mkdtemp(join(tmpdir(), 'roomserver-interop-'))
    owned.defer(() => rm(folder, { recursive: true, force: true }))
    const postgres = owned.use(await startPostgres({ durable: false, settings: { max_connections: 1000 } }))
    const processes = owned.use(new ProcessGroup(folder))
    const start = async (number: number, command?: readonly string[]) => {
      const databases = new Map<string, string>()
      for (const store of STORES) databases.set(store, (await createDatabase(postgres.url)).url)
      const nats = owned.use(await startNats())
      const recording = recordings?.[number - 1]
      const options = {
        name: `${NAME}${number}`,
        portPrefix: portPrefix + number,
        folder: join(folder, `hs${number}`),
        programs,
        database: (store: string) => `${databases.get(store) ?? ''}?sslmode=disable`,
        natsUrl: nats.url,
        ...(command === undefined ? {} : { roomserver: command }),
        ...(recording === undefined ? {} : { recording }),
      }
      return {
        server: await startHomeserver(options, processes, owned),
        database: options.database('roomserver'),
      }
    }
    const freshDatabase = async () => `${owned.use(await createDatabase(postgres.url)).url}?sslmode=disable`
    const first = await start(1, roomserver)
    const second = await start(2)
    const others: Homeserver[] = []
    for (let number = 3; number <= (recordings?.length ?? 0); number++)
      others.push((await start(number)).server)
    return {
      servers: [first.server, second.server, ...others],
      database: first.database,
      logs: folder,
      freshDatabase,
      async replaceRoomserver([command = '', ...args], database) {
        await processes.stop(`${NAME}1-roomserver`)
        const config = join(folder, 'replaced.yaml')
        const text = await readFile(first.server.configFile, 'utf8')
        await writeFile(config, text.replaceAll(first.database, database))
        processes.start(`${NAME}1-replacement`, command, [...args, config])
        await processes.waitForPort((portPrefix + 1) * 100 + 70, `${NAME}1-replacement`)
      },
      async restoreRoomserver() {
        await processes.stop(`${NAME}1-replacement`)
        const args = componentArguments(first.server.configFile, 'roomserver')
        processes.start(`${NAME}1-restored`, programs.polylith, args)
        await processes.waitForPort((portPrefix + 1) * 100 + 70, `${NAME}1-restored`)
      },
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    }
  } catch (error) {
    await owned.disposeAsync()
    throw error
  }
}

/** A number of which nobody uses the ports that homeservers take: this number plus 1, 2 or 3, followed by two digits. */
export async function freePortPrefix(): Promise<number> {
  for (let prefix = 180; prefix < 320; prefix += 3) {
    const ports = [1, 2, 3].flatMap((server) => PORTS.map((port) => (prefix + server) * 100 + port))
    const taken = await Promise.all(ports.map(accepts))
    if (!taken.includes(true)) return prefix
  }
  throw new Error('no free ports for homeservers')
}

const PORTS = [61, 62, 63, 64, 70, 71, 72, 73, 74, 77, 79, 80, 81, 88, 90, 92]
