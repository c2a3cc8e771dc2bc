/** The real servers that a replay needs beside ours. */
export interface Servers extends AsyncDisposable {
  /** A database nobody used yet; `undefined` for a fresh SQLite file. */
  freshDatabase(): Promise<string | undefined>
  readonly natsUrl: string | undefined
}

/** Starts PostgreSQL and nats-server where asked for. */
export async function startServers(options: {
  readonly database: 'sqlite' | 'postgres'
  readonly jetstream: boolean
}): Promise<Servers> {
  if (options.database === 'postgres' || options.jetstream) throw new Error('not yet')
  return {
    freshDatabase: async () => undefined,
    natsUrl: undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
}
