import { join } from 'node:path'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { openStorage, type Storage } from '@roomserver/storage'
import { createDatabase, startNats, startPostgres } from '@roomserver/testing'
import { type OutputLog, readEmbeddedLog, readJetStream } from './output-log.ts'
import { type Place, ServerProcess } from './server-process.ts'

export type DatabaseKind = 'sqlite' | 'postgres'

/** A server that is crashed again and again, with all that is needed to look at what it does. */
export interface Ground extends AsyncDisposable {
  readonly place: Place
  readonly server: ServerProcess
  readonly storage: Storage
  readonly log: OutputLog
  readonly isEmbedded: boolean
}

/** SQLite with the embedded log, or a real PostgreSQL with a real nats-server; commits are forced to the disk. */
export async function prepareGround(kind: DatabaseKind): Promise<Ground> {
  await using owned = new AsyncDisposableStack()
  const place = kind === 'sqlite' ? await sqlitePlace(owned) : await postgresPlace(owned)
  const server = owned.use(await ServerProcess.prepare(place))
  await server.start()
  const storage = owned.use(await openStorage(storageOptions(place)))
  const { natsUrl } = place
  const log = owned.use(natsUrl === undefined ? readEmbeddedLog(() => server.url) : await untilRead(natsUrl))
  const parts = owned.move()
  const isEmbedded = natsUrl === undefined
  return { place, server, storage, log, isEmbedded, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

function storageOptions({ database }: Place) {
  return database.startsWith('file:')
    ? ({ dialect: 'sqlite', file: database.slice('file:'.length) } as const)
    : ({ dialect: 'postgres', connectionString: database, maxConnections: 3 } as const)
}

async function sqlitePlace(owned: AsyncDisposableStack): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-crash-data-'))
  owned.defer(() => rm(folder, { recursive: true, force: true }))
  return { database: `file:${join(folder, 'rooms.db')}` }
}

async function postgresPlace(owned: AsyncDisposableStack): Promise<Place> {
  const postgres = owned.use(await startPostgres())
  const database = owned.use(await createDatabase(postgres.url))
  const nats = owned.use(await startNats())
  return { database: database.url, natsUrl: nats.url }
}

/** The stream is there once a server has connected. */
async function untilRead(natsUrl: string): Promise<OutputLog> {
  for (let tries = 0; ; tries++) {
    try {
      return await readJetStream(natsUrl)
    } catch (error) {
      if (tries > 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
