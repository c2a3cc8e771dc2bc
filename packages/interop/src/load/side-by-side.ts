import { BUILT, createDatabase, startNats, startTarget } from '@roomserver/testing'
import { type ReferenceOptions, referencePrograms } from '../interop/reference-programs.ts'
import { startReference } from './reference.ts'

/** A room server that is to do something. */
export interface Contender {
  readonly url: string
  readonly pid: number
}

/** How the servers are started. */
export interface Circumstances {
  /** PostgreSQL, in which each gets a database of its own; `undefined`: ours on SQLite with the embedded log. */
  readonly postgresUrl?: string | undefined
  readonly serverName: string
  /** The federation component; `undefined`: there is none. */
  readonly federationUrl?: string
  /** What the cache of ours may take, such as `64mb`. */
  readonly cacheBytes?: string | undefined
}

/** Has the reference's room server do something; `undefined`, and a line that says why, where its programs are not here. */
export async function withReference<Result>(
  options: ReferenceOptions,
  { postgresUrl, federationUrl }: Circumstances & { readonly postgresUrl: string },
  work: (server: Contender) => Promise<Result>,
): Promise<Result | undefined> {
  const programs = await referencePrograms(options)
  if (typeof programs === 'string') {
    console.log(`The reference is left out: ${programs}.`)
    return undefined
  }
  await using database = await createDatabase(postgresUrl)
  await using nats = await startNats()
  await using server = await startReference(programs, database.url, nats.url, federationUrl)
  console.log('the reference, PostgreSQL and JetStream')
  return await work(server)
}

/** Has our server, as it was built, do the same. */
export async function withOurs<Result>(
  { postgresUrl, ...options }: Circumstances,
  work: (server: Contender) => Promise<Result>,
): Promise<Result> {
  await using owned = new AsyncDisposableStack()
  const stores =
    postgresUrl === undefined
      ? {}
      : {
          database: owned.use(await createDatabase(postgresUrl)).url,
          natsUrl: owned.use(await startNats()).url,
        }
  const server = owned.use(await startTarget({ ...options, ...stores, warmsUp: true }, BUILT))
  console.log(
    `ours, ${postgresUrl === undefined ? 'SQLite and the embedded log' : 'PostgreSQL and JetStream'}`,
  )
  return await work(server)
}
