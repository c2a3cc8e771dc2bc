import { chown, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStorage, type Storage } from '@roomserver/storage'
import {
  createDatabase,
  startNats,
  startNatsCluster,
  startPgBouncer,
  startPostgres,
  type TestServer,
} from '@roomserver/testing'
import { Client } from 'pg'
import { type OutputLog, readEmbeddedLog, readJetStream } from './output-log.ts'
import { type Place, ServerProcess } from './server-process.ts'
import { startTcpProxy, type TcpProxy, through } from './tcp-proxy.ts'

export type DatabaseKind = 'sqlite' | 'postgres'

/** The real servers that ours stands on in the production form, and the proxies through which it reaches them. */
export interface Services {
  readonly postgres: TestServer
  /** One, or those of a cluster. */
  readonly nats: readonly [TestServer, ...TestServer[]]
  readonly proxies: readonly TcpProxy[]
  /** Left out where there is none. */
  readonly pooler?: TestServer
}

/** A server that is crashed again and again, with all that is needed to look at what it does. */
export interface TestBed extends AsyncDisposable {
  readonly place: Place
  readonly server: ServerProcess
  /** The same store, past every proxy. */
  readonly storage: Storage
  readonly log: OutputLog
  readonly isEmbedded: boolean
  /** Left out in the embedded form. */
  readonly services?: Services
}

/** More than a round makes, few enough that the log is trimmed all the time. */
const KEPT_OUTPUTS = 1_000

/** SQLite with the embedded log, or a real PostgreSQL with a real nats-server; commits are forced to the disk. */
export function prepareTestBed(kind: DatabaseKind): Promise<TestBed> {
  return kind === 'sqlite' ? embeddedTestBed({ keptOutputs: KEPT_OUTPUTS }) : productionTestBed()
}

/**
 * @param folder - where the database goes; a fresh one when left out
 * @param keptOutputs - more than are made between two checks, which look outputs up in the log; all when left out
 */
export async function embeddedTestBed({
  folder,
  keptOutputs,
}: {
  readonly folder?: string
  readonly keptOutputs?: number
}): Promise<TestBed> {
  await using owned = new AsyncDisposableStack()
  const own = folder ?? (await mkdtemp(join(tmpdir(), 'roomserver-crash-data-')))
  if (folder === undefined) owned.defer(() => rm(own, { recursive: true, force: true }))
  const file = join(own, 'rooms.db')
  const place = { database: `file:${file}`, keptOutputs }
  const server = await running(owned, place)
  const storage = owned.use(await openStorage({ dialect: 'sqlite', file }))
  const log = owned.use(readEmbeddedLog(() => server.url))
  const parts = owned.move()
  return { place, server, storage, log, isEmbedded: true, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

/** How the servers of a ground are set up. */
export interface ProductionOptions {
  /** Where the database's tables and indexes go; beside everything else when left out. */
  readonly folder?: string
  /** How many nats-servers there are; the program reaches a single one through a proxy. */
  readonly natsServers?: number
  /** How many of them keep the stream; as many as there are when left out. */
  readonly replicas?: number
  /** How many connections to the database a PgBouncer shares among the processes; none stands between when left out. */
  readonly pooledConnections?: number
}

/** A real PostgreSQL with real nats-servers. */
export async function productionTestBed({
  folder,
  natsServers = 1,
  replicas,
  pooledConnections,
}: ProductionOptions = {}): Promise<TestBed> {
  await using owned = new AsyncDisposableStack()
  const postgres = owned.use(await startPostgres())
  const database = owned.use(await createDatabase(postgres.url))
  if (folder !== undefined) await moveDatabase(postgres.url, database.url, folder)
  const [first = await startNats(), ...others] = natsServers > 1 ? await startNatsCluster(natsServers) : []
  for (const server of [first, ...others]) owned.use(server)
  const natsUrls = [first, ...others].map(({ url }) => url).join()
  const pooler =
    pooledConnections === undefined
      ? undefined
      : owned.use(await startPgBouncer(database.url, pooledConnections, console.log))
  const proxies = [
    owned.use(await startTcpProxy(portOf(pooler?.url ?? database.url))),
    owned.use(await startTcpProxy(portOf(first.url))),
  ] as const
  const natsUrl = others.length > 0 ? natsUrls : through(first.url, proxies[1])
  const place = { database: through(database.url, proxies[0]), natsUrl, replicas }
  const server = await running(owned, place)
  const options = { dialect: 'postgres', connectionString: database.url, maxConnections: 3 } as const
  const storage = owned.use(await openStorage(options))
  const log = owned.use(await untilRead(natsUrls))
  const services = { postgres, nats: [first, ...others] as const, proxies, ...(pooler && { pooler }) }
  const parts = owned.move()
  const close = () => parts.disposeAsync()
  return { place, server, storage, log, isEmbedded: false, services, [Symbol.asyncDispose]: close }
}

async function running(owned: AsyncDisposableStack, place: Place): Promise<ServerProcess> {
  const server = owned.use(await ServerProcess.prepare(place))
  await server.start()
  return server
}

async function moveDatabase(serverUrl: string, databaseUrl: string, folder: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ data_directory: string }>('show data_directory')
    const { uid, gid } = await stat(rows[0]?.data_directory ?? '')
    await chown(folder, uid, gid)
    await client.query(`create tablespace elsewhere location '${folder}'`)
    await client.query(`alter database ${new URL(databaseUrl).pathname.slice(1)} set tablespace elsewhere`)
  } finally {
    await client.end()
  }
}

function portOf(url: string): number {
  return Number(new URL(url).port)
}

/** The stream is there once a server has connected. */
export async function untilRead(natsUrl: string): Promise<OutputLog> {
  for (let tries = 0; ; tries++) {
    try {
      return await readJetStream(natsUrl)
    } catch (error) {
      if (tries > 300) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
