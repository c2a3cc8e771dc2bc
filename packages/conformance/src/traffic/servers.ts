import { createDatabase, startNats, startPostgres } from '@roomserver/testing'

/** The real servers that a replay needs beside ours. */
export interface Servers extends AsyncDisposable {
  /** A database nobody used yet; `undefined` for a fresh SQLite file. */
  freshDatabase(): Promise<string | undefined>
  /** A message server nobody used yet; `undefined` for the embedded log. */
  freshNats(): Promise<string | undefined>
}

/** Starts PostgreSQL and nats-server where asked for. */
export async function startServers(options: {
  readonly database: 'sqlite' | 'postgres'
  readonly jetstream: boolean
}): Promise<Servers> {
  const owned = new AsyncDisposableStack()
  const postgres =
    options.database === 'postgres' ? owned.use(await startPostgres({ durable: false })) : undefined
  return {
    freshDatabase: async () => postgres && owned.use(await createDatabase(postgres.url)).url,
    freshNats: async () => (options.jetstream ? owned.use(await startNats()).url : undefined),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
