import { randomBytes } from 'node:crypto'
import { Client } from 'pg'

/** A database of its own on a server that others use as well. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string
}

/**
 * Creates an empty database, or a copy of another one; it is dropped when it is disposed of.
 *
 * @param serverUrl - the URL of any database of the server, such as `inject('postgresUrl')`
 * @param template - the name of the database to copy, which nobody may be connected to
 */
export async function createDatabase(serverUrl: string, template = 'template0'): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`
  await execute(serverUrl, `create database ${name} template ${template}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return {
    url: url.href,
    [Symbol.asyncDispose]: () => execute(serverUrl, `drop database if exists ${name} with (force)`),
  }
}

/** The number of a lock, which nothing else takes. */
const FILLING = 71_204

/** What was filled in this process, by server and name. */
const filled = new Map<string, Promise<void>>()

/**
 * Creates a copy of a database that is filled once for a server, however many processes ask for it: making a schema takes
 * several times as long as copying it.
 *
 * @param name - names what it is filled with, in lower case
 * @param fill - fills an empty database, and leaves nothing connected to it
 */
export async function createFilledDatabase(
  serverUrl: string,
  name: string,
  fill: (url: string) => Promise<void>,
): Promise<TestDatabase> {
  const template = `filled_${name}`
  const key = `${serverUrl} ${name}`
  const known = filled.get(key) ?? fillOnce(serverUrl, template, fill)
  filled.set(key, known)
  await known
  return await createDatabase(serverUrl, template)
}

async function fillOnce(
  serverUrl: string,
  template: string,
  fill: (url: string) => Promise<void>,
): Promise<void> {
  const client = await connected(serverUrl)
  try {
    // Whoever asks at the same time waits; the end of the connection gives the lock back.
    await client.query('select pg_advisory_lock($1)', [FILLING])
    const { rows } = await client.query('select 1 from pg_database where datname = $1', [template])
    if (rows.length > 0) return
    const { url } = await createDatabase(serverUrl)
    await fill(url)
    await client.query(`alter database ${new URL(url).pathname.slice(1)} rename to ${template}`)
  } finally {
    await client.end()
  }
}

const TIMEOUT_MS = 30_000

async function execute(url: string, sql: string): Promise<void> {
  const client = await connected(url)
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

async function connected(url: string): Promise<Client> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  })
  await client.connect()
  return client
}
